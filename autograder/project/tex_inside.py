"""Runs LaTeX inside the sandbox. Its source is sent there as text: it imports nothing of ours."""

import base64
import os
import pathlib
import signal
import subprocess

SETTINGS = {
    "max_print_line": "2000",
    "error_line": "254",
    "half_error_line": "238",
    "openin_any": "a",
    "openout_any": "p",
    "shell_escape": "f",
    "SOURCE_DATE_EPOCH": "1577836800",
    "FORCE_SOURCE_DATE": "1",
}


def typeset(
    main: str, engine: str, seconds: float, pdf_bytes: int, log_bytes: int, path: str
) -> dict:
    """What latexmk makes of a report: exit status, log, the bibliography's log, PDF."""
    options = ["-norc", "-cd", "-f", "-interaction=nonstopmode", "-file-line-error"]
    command = ["latexmk", *options, f"-{engine}", "-latexoption=-no-shell-escape", main]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | SETTINGS | {"PATH": path},
        start_new_session=True,
    )
    ended = True
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        ended = False
        stop(process)
    stem = pathlib.Path(main).with_suffix("")
    return {
        "ended": ended,
        "code": process.returncode,
        "log": end_of(stem.with_suffix(".log"), log_bytes),
        "blg": end_of(stem.with_suffix(".blg"), 50_000),
        "pdf": whole(stem.with_suffix(".pdf"), pdf_bytes),
    }


def stop(process: subprocess.Popen) -> None:
    """Interrupt TeX, which then writes down where it was, and end it."""
    for number, patience in ((signal.SIGINT, 2), (signal.SIGKILL, 2)):
        try:
            os.killpg(process.pid, number)
            process.wait(patience)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


def end_of(path: pathlib.Path, most: int) -> str:
    """The end of a text file, where a log says how it ended; of a long one also its beginning."""
    try:
        data = path.read_bytes()
    except OSError:
        return ""
    if len(data) > most:
        data = data[: most // 2] + b"\n[...]\n" + data[-most // 2 :]
    return data.decode("utf-8", "replace")


def whole(path: pathlib.Path, most: int) -> str:
    """A file in base64, empty if it is not there or too large."""
    try:
        if path.stat().st_size > most:
            return ""
        return base64.b64encode(path.read_bytes()).decode()
    except OSError:
        return ""

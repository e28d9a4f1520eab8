"""Hand in a case as its student would, grade it, and look at what is left of it."""

import importlib.util
import io
import json
import os
import re
import socket
import tempfile
import textwrap
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import nbformat

from autograder import verify
from autograder.collect import Submission, collect
from autograder.execute import Limits
from tests.attacks import assignment
from tests.attacks.case import Case

# What must stay out of every student's reach is of this form, so that an attack can look for it
# without knowing it.
CANARY = re.compile(r"fw-canary-[0-9a-f]{16}")
SECRET = b"fw-canary-5ec4e70000000002"
FOOTPRINT = "fw-footprint"
LIMITS = Limits(cell_seconds=20, call_seconds=5, notebook_seconds=90)


@cache
def master_text() -> str:
    return nbformat.writes(assignment.master())


@cache
def listener() -> socket.socket:
    """Somebody on this machine who would answer whoever gets out of the sandbox."""
    return socket.create_server(("127.0.0.1", 0), backlog=100)


def fixtures() -> dict[str, bytes]:
    """The files of the assignment: the number of a port on which this machine listens."""
    return {"fixture.txt": str(listener().getsockname()[1]).encode()}


@cache
def stubs() -> dict[str, str]:
    from autograder.rebuild import stubs as stubs_of

    return stubs_of(assignment.master())


def sandbox_problem() -> str:
    """Why there is no sandbox here, empty if there is one."""
    if importlib.util.find_spec("autograder.sandbox") is None:
        return "this version of the grader has no sandbox"
    from autograder import sandbox

    return sandbox.problem()


def task_of(
    data: bytes | None,
    *,
    student: str = "student-01",
    status: str = "",
    sandbox: bool = False,
    limits: dict | None = None,
    **more: object,
) -> verify.Task:
    return verify.Task(
        student=student,
        assignment=assignment.NAME,
        master=master_text(),
        checks=assignment.CHECKS,
        checks_file=f"{assignment.NAME}.py",
        data=data,
        status=status,
        secret=SECRET,
        files=fixtures(),
        limits=LIMITS.as_dict() | (limits or {}),
        sandbox=sandbox,
        stubs=stubs(),
        **more,
    )


def reference() -> bytes:
    return assignment.as_file(assignment.submission())


def written(case: Case) -> bytes:
    """The file that the case's student wrote."""
    notebook = assignment.submission(**case.answers)
    for source in case.added:
        cell = {"cell_type": "code", "source": source, "metadata": {}, "outputs": []}
        notebook["cells"].append(cell | {"execution_count": None})
    if "notebook" in case.scripts:
        run_script(case, "notebook", notebook=notebook)
    data = assignment.as_file(notebook)
    return run_script(case, "file", data=data)["data"] if "file" in case.scripts else data


def run_script(case: Case, kind: str, **names: object) -> dict:
    """Run a case's own preparation, outside: it may be seen to build what is handed in."""
    source = textwrap.dedent(case.scripts[kind])
    exec(compile(source, f"{case.name} [{kind}]", "exec"), names)
    return names


def handed_in(case: Case, folder: Path) -> dict[str, Submission]:
    """What is collected of the class: the case's student and, beside it, an honest one."""
    classroom = folder / "handed-in"
    home = classroom / case.student
    for place, data in ((home, written(case)), (classroom / "neighbor", reference())):
        inner = place / assignment.NAME
        inner.mkdir(parents=True)
        (inner / f"{assignment.NAME}.ipynb").write_bytes(data)
    source = classroom
    if "folder" in case.scripts:
        place = home / assignment.NAME / f"{assignment.NAME}.ipynb"
        run_script(case, "folder", classroom=classroom, home=home, notebook=place, outside=folder)
    if "zip" in case.scripts:
        source = folder / "class.zip"
        with zipfile.ZipFile(source, "w") as archive:
            names = {"archive": archive, "submission": written(case), "reference": reference()}
            run_script(case, "zip", **names)
    found = collect(source, folder / "submitted", assignment.NAME, assignment.master())
    return {submission.student: submission for submission in found}


def is_collected(case: Case) -> bool:
    return bool({"folder", "zip"} & set(case.scripts))


def verdict_of(case: Case, folder: Path, *, sandbox: bool) -> dict:
    """Grade a case; if it is about files that are handed in, collect them first."""
    more = {"forbidden": tuple(case.forbidden), "unavailable": tuple(case.unavailable)}
    options = {"sandbox": sandbox, "limits": case.limits, **more}
    if not is_collected(case):
        return verify.grade_one(task_of(written(case), student=case.student, **options))
    found = handed_in(case, folder)
    assert found["neighbor"].data == reference(), "the honest neighbor was collected as handed in"
    (one,) = (taken for name, taken in found.items() if name != "neighbor")
    head = {"student": one.student, "status": one.status, "timestamp": one.timestamp}
    return verify.grade_one(task_of(one.data, notes=tuple(one.notes), **head, **options))


def scores(verdict: dict) -> dict[str, float]:
    return {row["check"]: row["score"] for row in verdict["checks"]}


def causes(verdict: dict) -> dict[str, str]:
    return {row["check"]: row["status"] for row in verdict["checks"]}


def printed(verdict: dict) -> str:
    """All text that the student's cells put out; the scores' own cells are left out."""
    cells = [c for c in verdict["notebook"]["cells"] if c["cell_type"] == "code"]
    ours = [c for c in cells if c["metadata"].get("nbgrader", {}).get("grade")]
    return "\n".join(text_of(out) for c in cells if c not in ours for out in c["outputs"])


def text_of(output: dict) -> str:
    if output["output_type"] == "stream":
        return output["text"]
    if output["output_type"] == "error":
        return f"{output['ename']}: {output['evalue']}"
    return "\n".join(str(text) for text in output["data"].values())


class Page(HTMLParser):
    """Collects what a page could do: run code, load something, lead away."""

    ACTIVE = ("script", "iframe", "object", "embed", "base", "form", "link", "frame", "applet")
    LOADING = ("src", "srcset", "href", "action", "formaction", "data", "poster", "background")

    def __init__(self, html: str):
        super().__init__()
        self.active: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        if tag in self.ACTIVE:
            self.active.append(f"<{tag}>")
        for name, value in attrs:
            value = (value or "").strip()
            leaves = name in self.LOADING and not value.startswith(("#", "data:image/"))
            refresh = tag == "meta" and value.lower() == "refresh"
            if name.startswith("on") or leaves or refresh:
                self.active.append(f"<{tag} {name}={value[:40]!r}>")


def active_parts(html: str) -> list[str]:
    """What in a page could run or load something."""
    return Page(html).active


def leaked(verdict: dict) -> list[str]:
    """Whatever of the grader's own stands in the verdict, where the student's code wrote it."""
    return CANARY.findall(json.dumps(verdict))


def footprints(*folders: Path) -> list[str]:
    """Files and processes that an attack left on this machine; both carry one word."""
    places = [Path(tempfile.gettempdir()), Path("/dev/shm"), Path.home(), Path.cwd(), *folders]
    files = [str(p) for place in places if place.is_dir() for p in place.glob(f"*{FOOTPRINT}*")]
    return files + [name for name in commands() if FOOTPRINT in name]


def commands() -> list[str]:
    """The command line of every process that can be seen."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                found.append((entry / "cmdline").read_bytes().decode("utf-8", "replace"))
            except OSError:
                continue
    return found


def footprints_that_stay(*folders: Path, seconds: float = 5) -> list[str]:
    """Footprints that are still there after the time in which a killed process goes."""
    end = time.monotonic() + seconds
    while (left := footprints(*folders)) and time.monotonic() < end:
        time.sleep(0.1)
    return left


@contextmanager
def bounded_memory(growth: int = 400 * 10**6) -> Iterator[None]:
    """Fail if this process, which is the grader, at any time takes much more memory than before."""
    Path("/proc/self/clear_refs").write_text("5")
    before = memory("VmHWM")
    yield
    assert memory("VmHWM") - before < growth


def memory(name: str) -> int:
    """A line of this process's status, in bytes."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found.group(1)) * 1024


def control_output(source: str) -> str:
    """What a cell prints where there are no walls; so a case proves that its attack is one."""
    from autograder.execute import KernelSession

    session = KernelSession(fixtures(), LIMITS)
    session.start()
    try:
        outcome = session.run(source, 20)
    finally:
        session.kill()
    stream = io.StringIO()
    for output in outcome.outputs:
        stream.write(text_of(output))
    return stream.getvalue()

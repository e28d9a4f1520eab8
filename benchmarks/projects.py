"""Grade fifty final projects with compiling, and say how long it took and how much memory.

python -m benchmarks.projects [--projects N] [--workers N]

To be run on a machine that does nothing else. The figures to reach: fifty reports on two cores in
six minutes, with one gigabyte. The exit status is 1 if they are not reached.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from benchmarks.memory import INTERVAL, megabytes
from tests.project.reports import changed, plot, sound, zipped

SECONDS, MEGABYTES = 360.0, 1000.0


def hand_in(folder: Path, projects: int) -> None:
    """Write as many zips, no two alike."""
    folder.mkdir(parents=True)
    for number in range(projects):
        title = changed("main.tex", ("Does fine-tuning", f"Project {number}: does fine-tuning"))
        files = title(sound()) | {"figures/tradeoff.pdf": plot(f"size of model {number} (MB)")}
        (folder / f"team-{number:02}.zip").write_bytes(zipped(files))


def used(number: int, done: threading.Event, peak: list[float]) -> None:
    """Note the largest sum of memory of a process and all that it has started."""
    program = psutil.Process(number)
    while not done.wait(INTERVAL):
        try:
            family = [program, *program.children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        peak.append(sum(megabytes(process) for process in family))


def graded(folder: Path, workers: int) -> tuple[float, float]:
    """Seconds and megabytes that grading takes."""
    command = [sys.executable, "-m", "autograder.cli", "project", folder / "in"]
    options = ["--out", folder / "out", "--workers", str(workers)]
    begin = time.perf_counter()
    process = subprocess.Popen([*command, *options])
    done, peak = threading.Event(), [0.0]
    watcher = threading.Thread(target=used, args=(process.pid, done, peak))
    watcher.start()
    status = process.wait()
    done.set()
    watcher.join()
    if status:
        sys.exit(f"autograder project ended with status {status}: is there TeX on this machine?")
    return time.perf_counter() - begin, max(peak)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=int, default=50)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        hand_in(Path(name) / "in", args.projects)
        seconds, memory = graded(Path(name), args.workers)
    print(
        json.dumps(
            {
                "projects": args.projects,
                "workers": args.workers,
                "seconds": round(seconds),
                "megabytes": round(memory),
            }
        )
    )
    return int(seconds > SECONDS or memory > MEGABYTES)


if __name__ == "__main__":
    sys.exit(main())

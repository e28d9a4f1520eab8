"""Grade a folder of submissions: collect, rebuild, execute, verify, record, report."""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import functools
import hashlib
import json
import multiprocessing
import os
import secrets
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from tqdm import tqdm

from autograder.collect import CollectError, Submission, collect
from autograder.execute import Limits
from autograder.files import safe_name, write_atomically
from autograder.gradesheets import grades_csv, written_cells
from autograder.verify import Task, dumps, grade_one

if TYPE_CHECKING:
    from autograder.record import Recorder

NO_SANDBOX = (
    "there is no sandbox yet: students' code would run with your rights. "
    "Grade only code that you trust, and say so with --unsafe-no-sandbox."
)


class GradeError(Exception):
    """A run that cannot start or end; the message is one sentence for the instructor."""


@dataclass(frozen=True)
class Course:
    """What an assignment is graded with."""

    assignment: str
    master: str
    checks: str
    checks_file: str
    secret: bytes
    files: dict[str, bytes] = field(default_factory=dict)
    config_file: Path | None = None


@dataclass
class Run:
    """What one run of the grader did: verdicts by student, and how many of them are new."""

    results: dict[str, dict]
    fresh: int
    unrecorded: dict[str, str] = field(default_factory=dict)

    def crashed(self) -> list[str]:
        """The checks that crashed, by name."""
        rows = (row for graded in self.results.values() for row in graded["checks"])
        return sorted({row["check"] for row in rows if row["status"] == "check-crashed"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `autograder grade`."""
    limits = Limits()
    parser.add_argument("assignment", metavar="ASSIGNMENT")
    parser.add_argument(
        "--submissions",
        type=Path,
        required=True,
        metavar="DIR",
        help="one folder per student, with ASSIGNMENT/ASSIGNMENT.ipynb or ASSIGNMENT.ipynb",
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="gets grades.csv, report.html, feedback/, results/ and nbgrader's gradebook.db",
    )
    parser.add_argument(
        "--unsafe-no-sandbox",
        action="store_true",
        help="run students' code with your own rights; every report says so",
    )
    parser.add_argument("--workers", type=positive, default=cores(), metavar="N")
    parser.add_argument("--regrade", action="store_true", help="grade unchanged submissions too")
    parser.add_argument(
        "--secret",
        type=Path,
        metavar="FILE",
        help="the course's secret, made at first use (default: course/secret)",
    )
    timeouts = parser.add_argument_group("time limits, in seconds")
    for name in ("cell_seconds", "notebook_seconds", "call_seconds"):
        option = f"--{name.replace('_', '-')}"
        timeouts.add_argument(option, type=float, default=getattr(limits, name), metavar="S")


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def cores() -> int:
    """The processors that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def run(args: argparse.Namespace) -> int:
    """Grade a class; the exit status is 1 if a check crashed or there was nobody to grade."""
    if not args.unsafe_no_sandbox:
        print(f"autograder grade: {NO_SANDBOX}", file=sys.stderr)
        return 2
    try:
        course = load_course(args.assignment, args.secret)
        limits = Limits(args.cell_seconds, args.notebook_seconds, args.call_seconds)
        done = grade_class(
            course, args.submissions, args.out, limits, workers=args.workers, regrade=args.regrade
        )
    except (GradeError, CollectError) as error:
        print(f"autograder grade: {error}", file=sys.stderr)
        return 2
    return summary(done, args)


def summary(done: Run, args: argparse.Namespace) -> int:
    """Print where the results are, and in one sentence what needs the instructor."""
    graded, fresh = len(done.results), done.fresh
    print(f"{graded} submissions: {fresh} graded now, {graded - fresh} unchanged.")
    print(f"Grades: {args.out / 'grades.csv'}. Report: {args.out / 'report.html'}.")
    if not done.results:
        print(f"autograder grade: {args.submissions} has no student's folder.", file=sys.stderr)
        return 1
    if done.unrecorded:
        student, reason = next(iter(done.unrecorded.items()))
        print(
            f"autograder grade: {len(done.unrecorded)} verdicts are not in the gradebook; run the "
            f"command again to enter them (first {student}: {reason}).",
            file=sys.stderr,
        )
        return 1
    if done.crashed():
        names = ", ".join(done.crashed())
        print(
            f"autograder grade: these checks crashed and count for nobody they crashed on, "
            f"see the report: {names}.",
            file=sys.stderr,
        )
        return 1
    return 0


def load_course(assignment: str, secret_file: Path | None = None) -> Course:
    """The course's own master, checks and files of an assignment."""
    from autograder import source
    from autograder.check import module_file

    master = nbformat.writes(source.master(assignment))
    folder, checks = source.SOLUTIONS / assignment, module_file(assignment)
    return Course(
        assignment,
        master,
        checks.read_text(encoding="utf-8"),
        str(checks),
        course_secret(secret_file or source.ROOT / "course" / "secret"),
        {p.relative_to(folder).as_posix(): p.read_bytes() for p in source.fixtures(assignment)},
        source.ROOT / "nbgrader_config.py",
    )


def course_secret(path: Path) -> bytes:
    """The secret that fresh inputs are drawn from; made at first use, for its owner's eyes only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
    text = path.read_bytes().strip()
    if len(text) < 16:
        raise GradeError(f"the secret in {path} is too short: remove the file to get a new one.")
    return text


def grade_class(
    course: Course,
    submissions: Path,
    out: Path,
    limits: Limits | None = None,
    *,
    workers: int = 1,
    regrade: bool = False,
) -> Run:
    """Walk the six steps for a class; only what changed since the last run is run again."""
    from autograder import report

    out = out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    master = nbformat.reads(course.master, as_version=4)
    found = collect(submissions, out / "submitted", course.assignment, master)
    tasks = [task_of(course, submission, limits or Limits()) for submission in found]
    store = Store(out / "results" / course.assignment)
    store.forget_all_but(task.student for task in tasks)
    pending = [task for task in tasks if regrade or not store.holds(task)]
    failures: dict[str, str] = {}
    if pending or not tasks or not is_recorded(store, tasks, out):
        failures = grade_and_record(course, tasks, pending, store, out, workers)
    results = {task.student: store.entries[task.student]["graded"] for task in tasks}
    grades = grades_csv(verdicts_in(out / "results"), out / "gradebook.db")
    write_atomically(out / "grades.csv", grades.encode())
    write_atomically(out / "report.html", report.class_report(course.assignment, results).encode())
    return Run(results, len(pending), failures)


def is_recorded(store: Store, tasks: list[Task], out: Path) -> bool:
    """Whether an earlier run entered every verdict in a gradebook that is still there."""
    there = (out / "gradebook.db").exists()
    return there and all(store.settled(task.student) for task in tasks)


def grade_and_record(
    course: Course, tasks: list[Task], pending: list[Task], store: Store, out: Path, workers: int
) -> dict[str, str]:
    """Grade what is pending and record what is not yet; the failures to record, by student."""
    from autograder.rebuild import stubs
    from autograder.record import Recorder, RecordError

    released = stubs(nbformat.reads(course.master, as_version=4))
    try:
        with Recorder(out, course.assignment, course.config_file) as recorder:
            recorder.prepare(course.master, course.files)
            desk = Desk(store, recorder, out, recorder.recorded())
            work = [replace(task, stubs=released) for task in pending]
            for task, graded in graded_all(work, workers):
                store.save(task, graded)
                desk.settle(graded)
            for task in tasks:
                if not desk.is_settled(task.student):
                    desk.settle(store.load(task.student))
    except RecordError as error:
        raise GradeError(str(error)) from error
    return desk.failures


class Desk:
    """Enters verdicts in the gradebook and writes feedback; one that fails stops no other."""

    def __init__(self, store: Store, recorder: Recorder, out: Path, recorded: set[str]):
        self.store, self.recorder, self.out, self.recorded = store, recorder, out, recorded
        self.failures: dict[str, str] = {}

    def is_settled(self, student: str) -> bool:
        there = student in self.recorded and self.store.settled(student)
        return there or student in self.failures

    def settle(self, graded: dict) -> None:
        from autograder import report

        student = graded["student"]
        try:
            self.recorder.record(graded)
            report.write_feedback(self.out, graded)
        except Exception as error:
            self.failures[student] = f"{type(error).__name__}: {error}"
            return
        self.store.settle(student)
        self.recorded.add(student)


def task_of(course: Course, submission: Submission, limits: Limits) -> Task:
    """The unit of work for one submission."""
    return Task(
        student=submission.student,
        assignment=course.assignment,
        master=course.master,
        checks=course.checks,
        checks_file=course.checks_file,
        data=submission.data,
        status=submission.status,
        timestamp=submission.timestamp,
        notes=submission.notes,
        secret=course.secret,
        files=course.files,
        limits=limits.as_dict(),
        code=code_digest(),
    )


DECIDING = ("agent", "check", "inputs", "student", "rebuild", "execute", "verify")


@functools.cache
def code_digest() -> str:
    """A hash of the grader's deciding modules and of the lab bench, on which verdicts depend."""
    import featherweight

    here, bench = Path(__file__).parent, Path(featherweight.__file__).parent
    digest = hashlib.sha256()
    for path in [*(here / f"{name}.py" for name in DECIDING), *sorted(bench.rglob("*.py"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


class Store:
    """The verdicts so far, one JSON file per student; in memory they are without notebooks.

    Beside each file of a verdict, `<name>.done` says that it is in the gradebook.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.entries: dict[str, dict] = {}
        for path in sorted(folder.glob("*.json")):
            with contextlib.suppress(ValueError, KeyError, TypeError):
                entry = json.loads(path.read_text(encoding="utf-8"))
                self._remember(entry)

    def _remember(self, entry: dict) -> None:
        light = {name: part for name, part in entry["graded"].items() if name != "notebook"}
        light["written"] = written_cells(entry["graded"]["notebook"])
        self.entries[light["student"]] = {"key": entry["key"], "graded": light}

    def path(self, student: str) -> Path:
        return self.folder / f"{safe_name(student)}.json"

    def done(self, student: str) -> Path:
        return self.folder / f"{safe_name(student)}.done"

    def holds(self, task: Task) -> bool:
        """Whether the verdict on exactly this submission is there."""
        return self.entries.get(task.student, {}).get("key") == task.key()

    def save(self, task: Task, graded: dict) -> None:
        self.done(task.student).unlink(missing_ok=True)
        entry = {"key": task.key(), "graded": graded}
        write_atomically(self.path(task.student), dumps(entry).encode())
        self._remember(entry)

    def load(self, student: str) -> dict:
        """A verdict with its notebook."""
        return json.loads(self.path(student).read_text(encoding="utf-8"))["graded"]

    def settled(self, student: str) -> bool:
        return self.done(student).exists()

    def settle(self, student: str) -> None:
        self.done(student).touch()

    def forget_all_but(self, students: Iterable[str]) -> None:
        """Drop the verdicts on students whose folder is gone."""
        for student in set(self.entries) - set(students):
            self.path(student).unlink(missing_ok=True)
            self.done(student).unlink(missing_ok=True)
            del self.entries[student]


def graded_all(tasks: list[Task], workers: int) -> Iterator[tuple[Task, dict]]:
    """Grade submissions in parallel, each in a process apart from this one, as they get ready."""
    if not tasks:
        return
    with tqdm(total=len(tasks), desc="grade", unit="notebook", delay=2, disable=None) as bar:
        left = {task.student: task for task in tasks}
        for attempt in range(2):
            try:
                for task, graded in from_pool(list(left.values()), workers):
                    del left[task.student]
                    bar.update()
                    yield task, graded
                return
            except BrokenProcessPool:
                if attempt:
                    names = ", ".join(sorted(left)[:3])
                    raise GradeError(
                        f"a grading process was killed twice; run the command again to grade "
                        f"the {len(left)} submissions that are left ({names} ...)."
                    ) from None


def from_pool(tasks: list[Task], workers: int) -> Iterator[tuple[Task, dict]]:
    context = multiprocessing.get_context("spawn")
    pool = concurrent.futures.ProcessPoolExecutor(
        min(workers, len(tasks)), mp_context=context, initializer=start_worker
    )
    with pool:
        futures = {pool.submit(grade_one, task): task for task in tasks}
        try:
            for future in concurrent.futures.as_completed(futures):
                yield futures.pop(future), future.result()
        except GeneratorExit:
            pool.shutdown(cancel_futures=True)
            raise


def start_worker() -> None:
    """A grading process computes on one thread, so that scores do not depend on the machine."""
    import torch

    torch.set_num_threads(1)


def verdicts_in(results: Path) -> list[dict]:
    """Every verdict in the folder, without notebooks: by assignment, then by student."""
    folders = sorted(path for path in results.glob("*") if path.is_dir())
    stores = [sorted(Store(folder).entries.items()) for folder in folders]
    return [entry["graded"] for entries in stores for _, entry in entries]

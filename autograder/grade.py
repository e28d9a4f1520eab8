"""Grade a class's submissions: collect, rebuild, execute, verify, record, report."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import functools
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat

from autograder.collect import CollectError, Submission, collect
from autograder.course import Course, CourseError, Terms, code_digest, load_course, task_of
from autograder.engine import Engine, EngineError, Job
from autograder.execute import Limits
from autograder.files import DiskFull, write_atomically
from autograder.gradesheets import grades_csv
from autograder.rebuild import stubs
from autograder.store import RecordError, Store, verdicts_in
from autograder.verify import Task, was_given_up
from featherweight import cores

if TYPE_CHECKING:
    from autograder.record import Recorder

__all__ = ["Course", "GradeError", "Run", "Terms", "code_digest", "grade_class", "task_of"]

UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


class GradeError(Exception):
    """A run that cannot start or end; the message is one sentence for the instructor."""


MISTAKES = (GradeError, CollectError, CourseError, EngineError, RecordError, DiskFull)


@dataclass
class Run:
    """What one run of the grader did: verdicts by student, and how many of them are new."""

    results: dict[str, dict]
    fresh: int
    unrecorded: dict[str, str] = field(default_factory=dict)
    by_hand: int = 0
    """Submissions with an answer that waits for a score given by hand."""

    def crashed(self) -> list[str]:
        """The checks that crashed, by name."""
        ran = (graded for graded in self.results.values() if not was_given_up(graded))
        rows = (row for graded in ran for row in graded["checks"])
        return sorted({row["check"] for row in rows if row["status"] == "check-crashed"})

    def given_up(self) -> list[str]:
        """The students whose submissions could not be graded, through no fault of theirs."""
        return [student for student, graded in self.results.items() if was_given_up(graded)]


# The command.


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `autograder grade`."""
    parser.add_argument("assignment", metavar="ASSIGNMENT")
    parser.add_argument(
        "--submissions",
        type=Path,
        required=True,
        metavar="PATH",
        help="a folder with one folder for each student, or the zip that Canvas, Moodle or "
        "Brightspace gives",
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="gets grades.csv, report.html, feedback/, results/ and nbgrader's gradebook.db",
    )
    parser.add_argument(
        "--timezone",
        default="UTC",
        metavar="ZONE",
        help="the zone of the times in a zip's file names, as in Europe/Berlin (default: UTC)",
    )
    parser.add_argument("--regrade", action="store_true", help="grade unchanged submissions too")
    parser.add_argument(
        "--secret",
        type=Path,
        metavar="FILE",
        help="the course's secret, made at first use (default: course/secret)",
    )
    add_places(parser.add_argument_group("where students' code runs"))
    limits = parser.add_argument_group("limits of one submission (seconds; sizes as in 256MB)")
    for entry in fields(Limits):
        add_limit(limits, entry)


def add_places(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--workers",
        type=positive,
        metavar="N",
        help=f"grading processes on this machine (default: {cores()}, one for each processor)",
    )
    group.add_argument(
        "--scheduler",
        default="",
        metavar="ADDRESS",
        help="grade on the Dask cluster there, as in tcp://host:8786; tls:// takes its keys from "
        "Dask's own settings",
    )
    group.add_argument("--gpu", action="store_true", help="let students' code use the GPUs")
    group.add_argument(
        "--unsafe-no-sandbox",
        action="store_true",
        help="run students' code with your own rights; every report says so",
    )


def add_limit(group: argparse._ArgumentGroup, entry: Field) -> None:
    """An option for one of the limits, with the limit's own words."""
    words, value = entry.metadata["help"], getattr(Limits(), entry.name)
    read: Callable[[str], float] = positive if isinstance(value, int) else seconds
    text, metavar = f"{value:g}", "N" if isinstance(value, int) else "S"
    if words.startswith("bytes"):
        read, text, metavar = size, size_text(value), "SIZE"
    group.add_argument(
        f"--{entry.name.replace('_', '-')}",
        type=read,
        default=text,
        metavar=metavar,
        help=f"{words} (default: %(default)s)",
    )


def positive(text: str) -> int:
    """A whole number of at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def seconds(text: str) -> float:
    """A time above 0, in seconds."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError("a number of seconds above 0")
    return number


def size(text: str) -> int:
    """Bytes from a text such as 3GB, 1.5GiB or 256MB."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kMGT]?)(i?)B?", text.strip(), re.IGNORECASE)
    if not found:
        raise argparse.ArgumentTypeError(f"'{text}' is no size: write it as in 3GB or 256MB")
    power = 1.024 if found[3] else 1
    unit = UNITS[found[2].lower()]
    number = float(found[1]) * unit * power ** round(len(str(unit)) / 3)
    return positive(str(round(number)))


def size_text(number: int) -> str:
    """Bytes in the largest unit that needs no decimal point."""
    unit = max((u for u in UNITS if number % UNITS[u] == 0), key=lambda u: UNITS[u])
    return f"{number // UNITS[unit]}{unit.upper()}B"


def run(args: argparse.Namespace) -> int:
    """Grade a class; the exit status is 1 if something needs the instructor, 2 for a mistake."""
    try:
        return summary(graded_as_asked(args), args)
    except MISTAKES as error:
        print(f"autograder grade: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        said = "interrupted; what was graded is kept, the same command grades the rest."
        print(f"autograder grade: {said}", file=sys.stderr)
        return 130


def graded_as_asked(args: argparse.Namespace) -> Run:
    """Grade a class as the command line says."""
    from autograder import source

    source.require(args.assignment)
    if args.scheduler and args.workers:
        raise GradeError("--workers is for this machine; a cluster has the workers it has.")
    with ThreadPoolExecutor(1) as aside:  # each of the two takes seconds
        loading = aside.submit(load_course, args.assignment, args.secret)
        if not (args.scheduler or args.unsafe_no_sandbox):
            require_sandbox()
        course = loading.result()
    limits = Limits(**{entry.name: getattr(args, entry.name) for entry in fields(Limits)})
    return grade_class(
        course,
        args.submissions,
        args.out,
        Terms(limits, sandbox=not args.unsafe_no_sandbox, gpu=args.gpu),
        workers=args.workers or cores(),
        scheduler=args.scheduler,
        regrade=args.regrade,
        timezone=args.timezone,
    )


def require_sandbox() -> None:
    from autograder import sandbox

    if problem := sandbox.problem():
        raise GradeError(problem)


def summary(done: Run, args: argparse.Namespace) -> int:
    """Print where the results are, and in one sentence each what needs the instructor."""
    graded, fresh = len(done.results), done.fresh
    print(f"{graded} submissions: {fresh} graded now, {graded - fresh} unchanged.")
    print(f"Grades: {args.out / 'grades.csv'}. Report: {args.out / 'report.html'}.")
    if done.by_hand:
        verb = "waits" if done.by_hand == 1 else "wait"
        print(
            f"{done.by_hand} of them {verb} for scores given by hand: "
            f"autograder formgrader --out {args.out}, then this command again."
        )
    problems = list(to_attend(done, args))
    for problem in problems:
        print(f"autograder grade: {problem}", file=sys.stderr)
    return 1 if problems else 0


def to_attend(done: Run, args: argparse.Namespace) -> Iterator[str]:
    if not done.results:
        yield f"{args.submissions} has no student's folder."
    if lost := done.given_up():
        yield (
            f"these submissions could not be graded and count for nobody; run the command again "
            f"to try once more: {', '.join(lost)}."
        )
    if done.unrecorded:
        student, reason = next(iter(done.unrecorded.items()))
        yield (
            f"{len(done.unrecorded)} verdicts are not in the gradebook; run the command again to "
            f"enter them (first {student}: {reason})."
        )
    if crashed := done.crashed():
        yield (
            "these checks crashed and count for nobody they crashed on, see the report: "
            f"{', '.join(crashed)}."
        )


# The six steps.


def grade_class(
    course: Course,
    submissions: Path,
    out: Path,
    terms: Terms | None = None,
    *,
    workers: int = 1,
    scheduler: str = "",
    regrade: bool = False,
    timezone: str = "UTC",
) -> Run:
    """Walk the six steps for a class; only what changed since the last run is run again."""
    out = out.resolve()
    with only_run(out):
        return _grade_class(
            course, submissions, out, terms or Terms(), workers, scheduler, regrade, timezone
        )


@contextlib.contextmanager
def only_run(out: Path) -> Iterator[None]:
    """Let no second run write into the same folder; the system lets go when a run is killed."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock = (out / ".lock").open("w")
    except OSError as error:
        raise GradeError(
            f"{out} cannot be written ({error.strerror}): name another --out."
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise GradeError(
                f"another run is writing into {out}: wait for its end, or name another --out."
            ) from None
        yield


def _grade_class(
    course: Course,
    submissions: Path,
    out: Path,
    terms: Terms,
    workers: int,
    scheduler: str,
    regrade: bool,
    timezone: str,
) -> Run:
    master = nbformat.reads(course.master, as_version=4)
    found = collect(submissions, out / "submitted", course.assignment, master, timezone)
    store = Store(out / "results" / course.assignment)
    if store.entries and not found:
        raise GradeError(
            f"{submissions} has no student's folder: nothing is changed, and the results of "
            f"{len(store.entries)} submissions in {out} stay; name the folder with the class."
        )
    store.forget_all_but(submission.student for submission in found)
    work = Work(course, terms, {submission.student: submission for submission in found})
    pending = [name for name, key in work.keys.items() if regrade or not store.holds(name, key)]
    engine = Engine(scheduler, min(workers, len(pending)))
    failures = grade_and_record(work, pending, store, out, engine)
    results = {student: store.entries[student]["graded"] for student in work.keys}
    by_hand = write_results(course, results, store, out)
    return Run(results, len(pending), failures, by_hand)


class Work:
    """The tasks of a class: a task is made when it is needed, for it holds a notebook."""

    def __init__(self, course: Course, terms: Terms, submissions: dict[str, Submission]):
        self.course, self.terms, self.submissions = course, terms, submissions
        self.stubs = stubs(nbformat.reads(course.master, as_version=4)) if submissions else {}
        self.keys = {student: self.task(student).key() for student in submissions}

    def task(self, student: str) -> Task:
        return task_of(self.course, self.submissions[student], self.terms, self.stubs)

    def job(self, student: str) -> Job:
        return Job(student, functools.partial(self.task, student))


def grade_and_record(
    work: Work, pending: list[str], store: Store, out: Path, engine: Engine
) -> dict[str, str]:
    """Grade what is pending and record what is not yet; the failures to record, by student."""
    with contextlib.ExitStack() as stack:
        verdicts: Iterable[tuple[str, dict]] = ()
        if pending:
            stack.enter_context(engine)
            verdicts = engine.graded([work.job(student) for student in pending])
        recorder = stack.enter_context(recorder_for(work.course, out))
        desk = Desk(store, recorder, out)
        for student, graded in verdicts:
            store.save(work.keys[student], graded)
            desk.settle(graded)
        desk.settle_rest(work.keys)
        recorder.assign_penalties()
    return desk.failures


@contextlib.contextmanager
def recorder_for(course: Course, out: Path) -> Iterator[Recorder]:
    """The gradebook with the assignment in it; nbgrader is loaded here, while workers grade."""
    from autograder.record import Recorder

    with Recorder(out, course.assignment, course.config_file) as recorder:
        recorder.prepare(course.master, course.files)
        yield recorder


class Desk:
    """Enters verdicts in the gradebook and writes feedback; one that fails stops no other."""

    def __init__(self, store: Store, recorder: Recorder, out: Path):
        self.store, self.recorder, self.out = store, recorder, out
        self.recorded = recorder.recorded()
        self.failures: dict[str, str] = {}

    def settle_rest(self, students: Iterable[str]) -> None:
        """Settle what an earlier run graded and did not settle."""
        for student in students:
            there = student in self.recorded and self.store.settled(student)
            if not there and student not in self.failures:
                self.settle(self.store.load(student))

    def settle(self, graded: dict) -> None:
        from autograder import report

        student = graded["student"]
        try:
            self.recorder.record(graded)
            report.write_feedback(self.out, graded)
            self.store.settle(student)
        except (DiskFull, RecordError):
            raise
        except Exception as error:
            self.failures[student] = f"{type(error).__name__}: {error}"
            return
        self.recorded.add(student)


def write_results(course: Course, results: dict[str, dict], store: Store, out: Path) -> int:
    """Write the grades of all assignments in this folder, and the reports on this one.

    How many of the submissions wait for scores given by hand.
    """
    from autograder import report

    grades = grades_csv(verdicts_in(out / "results"), out / "gradebook.db")
    write_atomically(out / "grades.csv", grades.encode())
    return report.write_reports(out, course.assignment, course.master, results, store.load)

"""The command `autograder project`: grade a class's final projects by the rubric."""

from __future__ import annotations

import argparse
import base64
import contextlib
import functools
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import nbformat
from tqdm import tqdm

from autograder.collect import CollectError
from autograder.files import DiskFull, write_atomically
from autograder.grade import GradeError, cores, only_run, positive, seconds
from autograder.gradesheets import grades_csv, waiting
from autograder.hand_grades import HandGrades, read_hand_grades
from autograder.project import gradebook, judging
from autograder.project.collecting import Collected, Project, collect_projects
from autograder.project.page import paper_path, write_page
from autograder.project.rubric import FILE, Rubric, RubricError, read_rubric
from autograder.project.typesetting import Press, TexLimits, Typeset
from autograder.roster import FILE as PEOPLE
from autograder.roster import read_records
from autograder.store import RecordError, Store, verdicts_in
from autograder.verify import LOOK, NOT_ASSESSED, NOT_COUNTED

JUDGING_SECONDS = 150
MISTAKES = (GradeError, CollectError, RecordError, DiskFull, RubricError)
CONFIG = Path(__file__).resolve().parents[2] / "nbgrader_config.py"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `autograder project`."""
    parser.add_argument(
        "submissions",
        type=Path,
        metavar="SUBMISSIONS",
        help="one project's zip, a folder of zips (one for each student or team), or the zip that "
        "Canvas, Moodle or Brightspace gives",
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="gets grades.csv, report.html, feedback/, results/ and nbgrader's gradebook.db; the "
        "folder of the assignments' results puts projects into the same gradebook",
    )
    parser.add_argument("--rubric", type=Path, default=FILE, metavar="FILE", help="another rubric")
    parser.add_argument(
        "--workers",
        type=positive,
        default=cores(),
        metavar="N",
        help="projects at a time (default: %(default)s, one for each processor)",
    )
    parser.add_argument(
        "--seconds",
        type=seconds,
        default=TexLimits.seconds,
        metavar="S",
        help="that compiling one report may take (default: %(default)g)",
    )
    parser.add_argument("--timezone", default="UTC", metavar="ZONE", help="of a platform's times")
    parser.add_argument("--regrade", action="store_true", help="grade unchanged projects too")


def run(args: argparse.Namespace) -> int:
    """Grade projects; the exit status is 1 if something needs the instructor, 2 for a mistake."""
    try:
        done = grade_projects(
            args.submissions,
            args.out,
            read_rubric(args.rubric),
            workers=args.workers,
            limits=TexLimits(seconds=args.seconds),
            timezone=args.timezone,
            regrade=args.regrade,
        )
    except MISTAKES as error:
        print(f"autograder project: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"autograder project: {error}", file=sys.stderr)
        return 2
    return done.summary(args.out)


@dataclass
class Done:
    """What a run did: the verdicts by student, how many are new, what failed."""

    results: dict[str, dict]
    fresh: int
    by_hand: int
    failures: dict[str, str]

    def summary(self, out: Path) -> int:
        """Print where the results are and what needs the instructor."""
        print(f"{len(self.results)} projects: {self.fresh} graded now.")
        print(f"Grades: {out / 'grades.csv'}. Report: {out / 'report.html'}.")
        if self.by_hand:
            print(
                f"{self.by_hand} of them wait for scores given by hand: "
                f"autograder formgrader --out {out}, then this command again."
            )
        problems = list(self.to_attend())
        for problem in problems:
            print(f"autograder project: {problem}", file=sys.stderr)
        return 1 if problems else 0

    def to_attend(self) -> Iterator[str]:
        if not self.results:
            yield "there is no project among the submissions."
        reasons: dict[str, int] = {}
        for graded in self.results.values():
            for row in graded["checks"]:
                if row["status"] == NOT_ASSESSED and row["check"] == "compiles":
                    reason = row["message"].partition("\n")[0]
                    reasons[reason] = reasons.get(reason, 0) + 1
        for reason, count in reasons.items():
            yield f"compiling {count} of the reports: {reason}."
        crashed = {
            row["check"]
            for graded in self.results.values()
            for row in graded["checks"]
            if row["status"] == "check-crashed"
        }
        if crashed:
            yield f"these lines crashed on some projects, see the report: {', '.join(crashed)}."
        for student, reason in list(self.failures.items())[:1]:
            yield f"{len(self.failures)} projects are not in the gradebook ({student}: {reason})."


# ------------------------------------------------------------------ one run


def grade_projects(
    submissions: Path,
    out: Path,
    rubric: Rubric | None = None,
    *,
    workers: int = 1,
    limits: TexLimits | None = None,
    timezone: str = "UTC",
    regrade: bool = False,
) -> Done:
    """Collect, compile, judge, record, report; only what changed is done again."""
    rubric = rubric or read_rubric()
    out = out.resolve()
    if not submissions.exists():
        raise GradeError(f"There is no folder or zip of projects at {submissions}.")
    with only_run(out):
        found = collect_projects(submissions, out / "submitted", rubric.assignment, timezone)
        store = Store(out / "results" / rubric.assignment)
        if store.entries and not found:
            raise GradeError(f"{submissions} has no project: nothing is changed in {out}.")
        store.forget_all_but(one.student for one in found)
        keys = {one.student: key_of(one, rubric) for one in found}
        pending = [o for o in found if regrade or not store.holds(o.student, keys[o.student])]
        for graded, paper in judged(pending, rubric, workers, limits or TexLimits()):
            store.save(keys[graded["student"]], graded)
            write_paper(out, graded, paper)
        failures = record(out, rubric, store)
        results = {one.student: store.entries[one.student]["graded"] for one in found}
        by_hand = write_reports(out, rubric, results, store)
        return Done(results, len(pending), by_hand, failures)


def key_of(one: Collected, rubric: Rubric) -> str:
    """A hash of all that can change a verdict."""
    digest = hashlib.sha256(one.path.read_bytes())
    parts = (one.student, one.timestamp, one.notes, one.problems, rubric.text, code(), tex())
    digest.update(repr(parts).encode("utf-8", "backslashreplace"))
    return digest.hexdigest()


@functools.cache
def code() -> str:
    """A hash of this package's own code, and of the template."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    for name, data in judging.files_in(judging.TEMPLATE).items():
        digest.update(name.encode() + data)
    return digest.hexdigest()


@functools.cache
def tex() -> str:
    """Which TeX there is, so that a machine that gets one grades again."""
    press = Press()
    if press.missing("pdf"):
        return ""
    done = subprocess.run(
        ["pdflatex", "--version"], capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout.partition("\n")[0]


def judged(
    pending: list[Collected], rubric: Rubric, workers: int, limits: TexLimits
) -> Iterator[tuple[dict, bytes]]:
    """Verdict and PDF of each project, as they get ready."""
    if not pending:
        return
    path = written_rubric(rubric)
    bar = tqdm(total=len(pending), desc="project", unit="report", delay=2, disable=None)
    with Press(limits) as press, ThreadPoolExecutor(workers) as pool, bar:
        left = iter(pending)
        flights: set[Future] = set()
        try:
            while True:
                for one in left:
                    flights.add(pool.submit(judge_one, one, press, rubric, path))
                    if len(flights) >= 2 * workers:
                        break
                if not flights:
                    return
                done = next(as_completed(flights))
                flights.remove(done)
                bar.update()
                yield done.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            with contextlib.suppress(OSError):
                if path != FILE:
                    path.unlink()


def written_rubric(rubric: Rubric) -> Path:
    """The rubric as a file that the judging process reads."""
    if rubric.text == FILE.read_text("utf-8"):
        return FILE
    import tempfile

    with tempfile.NamedTemporaryFile("w", suffix=".yml", delete=False, encoding="utf-8") as file:
        file.write(rubric.text)
    return Path(file.name)


def judge_one(
    one: Collected, press: Press, rubric: Rubric, rubric_path: Path
) -> tuple[dict, bytes]:
    """Compile and judge one project; a failure of the grader's own counts for nobody."""
    started = time.monotonic()
    project = one.project()
    try:
        typeset = compiled(project, press)
        answer = asked(project, typeset, rubric_path)
    except Exception as error:
        typeset, answer = Typeset("not-assessed", ""), {"rows": lost(rubric, str(error))}
    rows = answer["rows"]
    overview = answer.get("overview", {})
    notebook = gradebook.filled(gradebook.master(rubric), rows, overview if project.main else {})
    graded = {
        "student": project.student,
        "assignment": rubric.assignment,
        "status": "graded",
        "timestamp": project.timestamp,
        "checks": rows,
        "notebook": notebook,
        "notes": project.notes,
        "seconds": round(time.monotonic() - started, 2),
        "sandbox": True,
        "flags": flags(rows),
        "overview": overview,
        "pages": typeset.pages,
    }
    return graded, typeset.pdf_data()


def compiled(project: Project, press: Press) -> Typeset:
    """How LaTeX takes a project; without sandbox or TeX that is not assessed."""
    from autograder.sandbox import NoSandbox

    if not project.main:
        return Typeset("errors", errors=[])
    try:
        return press.typeset(project.files, project.main)
    except NoSandbox as error:
        return Typeset("not-assessed", f"not assessed: there is no sandbox here ({error})")


def asked(project: Project, typeset: Typeset, rubric_path: Path) -> dict:
    """The rows that the judging process gives, which ends with each project."""
    task = {
        "files": {n: base64.b64encode(d).decode("ascii") for n, d in project.files.items()},
        "main": project.main,
        "problems": [problem_data(one) for one in project.problems],
        "typeset": typeset.as_dict() | {"pdf": typeset.pdf[:1]},
        "rubric": str(rubric_path),
    }
    done = subprocess.run(
        [sys.executable, "-m", "autograder.project.judging"],
        input=json.dumps(task).encode(),
        capture_output=True,
        timeout=JUDGING_SECONDS,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:].decode("utf-8", "replace"))
    return json.loads(done.stdout)


def problem_data(one: Any) -> dict:
    place = asdict(one.place) if one.place else {}
    return {"kind": one.kind, "text": one.text, **place}


def lost(rubric: Rubric, detail: str) -> list[dict]:
    """Rows for a project on which the grader itself failed."""
    return [
        {"check": one.name, "cell": one.name, "score": 0.0, "max_score": one.points}
        | {"status": "check-crashed", "message": NOT_COUNTED, "detail": detail[-4000:]}
        for one in rubric.automatic()
    ]


def flags(rows: list[dict]) -> list[dict]:
    """What the class report shows besides scores: surprises among the numbers."""
    return [
        {"kind": LOOK, "cell": row["check"], "what": line.removeprefix("To look at: ")}
        for row in rows
        if row["check"] == "consistency"
        for line in row["message"].split("\n")
        if line.startswith("To look at: ")
    ]


# ------------------------------------------------------------------ gradebook and reports


def write_paper(out: Path, graded: dict, paper: bytes) -> None:
    path = paper_path(out, graded)
    if paper:
        write_atomically(path, paper)
    else:
        path.unlink(missing_ok=True)


def record(out: Path, rubric: Rubric, store: Store) -> dict[str, str]:
    """Enter every verdict that is not yet in the gradebook; the failures by student."""
    from autograder.record import Recorder

    failures: dict[str, str] = {}
    config = CONFIG if CONFIG.exists() else None
    with Recorder(out, rubric.assignment, config) as recorder:
        recorder.prepare(nbformat.writes(gradebook.master(rubric)), {})
        there = recorder.recorded()
        for student in tqdm(store.entries, "record", unit="report", delay=2, disable=None):
            if student in there and store.settled(student):
                continue
            try:
                recorder.record(store.load(student))
                store.settle(student)
            except (DiskFull, RecordError):
                raise
            except Exception as error:
                failures[student] = f"{type(error).__name__}: {error}"
        recorder.assign_penalties()
    return failures


def write_reports(out: Path, rubric: Rubric, results: dict[str, dict], store: Store) -> int:
    """Pages, class report and sheets; how many projects wait for scores given by hand."""
    from autograder.class_report import Background, class_report
    from autograder.report import late_by, write_sheets

    hand = read_hand_grades(out / "gradebook.db", rubric.assignment)
    for student in results:
        write_page(out, store.load(student), rubric, hand.get(student, HandGrades()))
    people = {r.student: r for r in read_records(out / PEOPLE) if r.assignment == rubric.assignment}
    known = Background(hand, late_by(people), noun="report")
    text = class_report(rubric.assignment, results, known)
    write_atomically(out / "report.html", text.encode("utf-8", "replace"))
    write_sheets(out, list(results.values()), hand, people)
    grades = grades_csv(verdicts_in(out / "results"), out / "gradebook.db")
    write_atomically(out / "grades.csv", grades.encode())
    return sum(bool(waiting(g, hand.get(s, HandGrades()))) for s, g in results.items())

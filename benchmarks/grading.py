"""Measure the grader: against nbgrader, against the students' own code, and with a large class."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook
from tqdm import tqdm

from autograder import grade, sample_class, source
from benchmarks import made_courses
from benchmarks.memory import Peak, watched

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
AGAINST_NBGRADER = "a1-magnitude-pruning"
KILLS = 5


def start(*arguments: str | Path, cwd: Path = ROOT) -> subprocess.Popen:
    """Start a program of the environment, in a process group of its own."""
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"  # nbgrader calls alembic by its name
    return subprocess.Popen(
        [BIN / arguments[0], *arguments[1:]],
        cwd=cwd,
        env=os.environ | {"PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen) -> None:
    """Wait for a program to end; fail with what it printed."""
    said = process.communicate()[0]
    if process.returncode:
        sys.exit(f"{' '.join(map(str, process.args))} failed:\n{said[-3000:]}")


def timed(*arguments: str | Path) -> float:
    """Seconds that a program of the environment takes."""
    begin = time.perf_counter()
    finish(start(*arguments))
    return time.perf_counter() - begin


# Against nbgrader.


@contextmanager
def sixty_submissions(students: int = 60) -> Iterator[tuple]:
    """Grade right and wrong submissions, ours and stock nbgrader's autograde: the same scores."""
    name = AGAINST_NBGRADER
    with tempfile.TemporaryDirectory() as folder:
        submitted, ours, stock = (Path(folder) / part for part in ("in", "ours", "stock"))
        finish(start("autograder", "release", name))
        hand_in_honestly(name, submitted, students)
        options = stock_options(submitted, stock)
        details: dict[str, object] = {"submissions": students}

        def run_ours() -> float:
            shutil.rmtree(ours, ignore_errors=True)
            where = ("--submissions", submitted, "--out", ours)
            return timed("autograder", "grade", name, *where)

        def run_stock() -> float:
            shutil.rmtree(stock, ignore_errors=True)
            stock.mkdir()
            finish(start("nbgrader", "generate_assignment", name, *options))
            return timed("nbgrader", "autograde", name, *options)

        def compare() -> None:
            found, expected = auto_scores(ours, name), auto_scores(stock, name)
            different = [s for s in expected if found.get(s) != expected[s]]
            if different or len(expected) != students:
                sys.exit(f"the scores of these differ, so the times say nothing: {different}")

        yield run_ours, run_stock, details, compare


def stock_options(submitted: Path, stock: Path) -> list[str]:
    where = {
        "submitted_directory": submitted,
        "release_directory": stock / "release",
        "autograded_directory": stock / "autograded",
        "db_url": f"sqlite:///{stock}/gradebook.db",
    }
    return [f"--CourseDirectory.{name}={value}" for name, value in where.items()]


def hand_in_honestly(assignment: str, folder: Path, students: int) -> None:
    """A third hands in the reference, a third other right answers, a third a wrong one or two."""
    answers = sample_class.read_answers(assignment)
    wrong = [name for name, found in answers.wrong.items() if found]
    for number in range(students):
        rng = random.Random(number)
        chosen = dict(answers.reference)
        if number % 3:
            chosen = {n: rng.choice([text, *answers.right[n]]) for n, text in chosen.items()}
        if number % 3 == 2:
            chosen |= {
                n: rng.choice(answers.wrong[n]) for n in rng.sample(wrong, rng.choice([1, 2]))
            }
        notebook = nbformat.from_dict(json.loads(json.dumps(answers.released)))
        for cell in notebook.cells:
            cell.source = chosen.get(source.grade_id(cell), cell.source)
        source.write(notebook, folder / f"student-{number:02}" / assignment / f"{assignment}.ipynb")


def auto_scores(out: Path, assignment: str) -> dict[str, dict[str, float]]:
    """What each student's checks gave, as the gradebook has it."""
    with Gradebook(f"sqlite:///{out}/gradebook.db") as gradebook:
        return {
            submission.student.id: {
                g.name: g.auto_score for g in submission.notebooks[0].grades if "check" in g.name
            }
            for submission in gradebook.assignment_submissions(assignment)
        }


# Against the students' own code.


@contextmanager
def slow_cells(students: int = 24) -> Iterator[tuple]:
    """Grade submissions whose cells work for five seconds each; theirs: that work alone."""
    cells = made_courses.QUESTIONS["slow"]
    work = students * cells * made_courses.CELL_SECONDS / grade.cores()
    details: dict[str, object] = {"submissions": students, "cells": cells}
    with tempfile.TemporaryDirectory() as folder:
        made_courses.hand_in("slow", Path(folder) / "in", students)

        def run_ours() -> float:
            shutil.rmtree(Path(folder) / "out", ignore_errors=True)
            seconds = timed(*made_command("slow", Path(folder), "out"))
            details["share_beyond_students_code"] = round(1 - work / seconds, 3)
            return seconds

        yield run_ours, lambda: work, details, None


def made_command(assignment: str, folder: Path, out: str) -> list[str | Path]:
    """The command that grades a made class."""
    where = ["--submissions", folder / "in", "--out", folder / out]
    return ["python", "-m", "benchmarks.made_courses", "grade", assignment, *where]


# A large class.


@contextmanager
def large_class(students: int = 1000) -> Iterator[tuple]:
    """Grade a large class; theirs: the same, killed five times and resumed. One gradebook."""
    details: dict[str, object] = {"submissions": students, "kills": KILLS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made_courses.hand_in("tiny", folder / "in", students)

        def undisturbed() -> float:
            shutil.rmtree(folder / "whole", ignore_errors=True)
            begin = time.perf_counter()
            process = start(*made_command("tiny", folder, "whole"))
            with watched(process.pid) as peak:
                finish(process)
            note(peak, details)
            return time.perf_counter() - begin

        def killed() -> float:
            shutil.rmtree(folder / "killed", ignore_errors=True)
            begin = time.perf_counter()
            kill_and_resume(folder, students)
            return time.perf_counter() - begin

        def compare() -> None:
            whole, resumed = contents(folder / "whole"), contents(folder / "killed")
            if whole != resumed or len(whole) != students:
                sys.exit("the gradebook of the run that was killed differs from the other")

        yield undisturbed, killed, details, compare


def note(peak: Peak, details: dict[str, object]) -> None:
    details |= {"parent_mb": round(peak.parent), "worker_mb": round(peak.worker)}


def kill_and_resume(folder: Path, students: int) -> None:
    """Kill the run at random moments, then let it end; nothing complete may be graded again."""
    verdicts = folder / "killed" / "results" / "tiny"
    complete: dict[Path, int] = {}
    chance = random.Random()
    for kill in tqdm(range(KILLS), desc="kills"):
        wanted = chance.uniform(kill, kill + 1) * students / (KILLS + 1)
        process = start(*made_command("tiny", folder, "killed"))
        while len(list(verdicts.glob("*.json"))) < wanted and process.poll() is None:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        complete |= {path: path.stat().st_mtime_ns for path in verdicts.glob("*.json")}
    finish(start(*made_command("tiny", folder, "killed")))
    again = [path.name for path, when in complete.items() if path.stat().st_mtime_ns != when]
    if again:
        sys.exit(f"these were complete and were graded again: {again}")


def contents(out: Path) -> dict[str, object]:
    """For each student: when it came, each cell's scores and comments, the late penalty."""
    with Gradebook(f"sqlite:///{out}/gradebook.db") as gradebook:
        found = {}
        for submission in gradebook.assignment_submissions("tiny"):
            (notebook,) = submission.notebooks
            grades = sorted((g.name, g.auto_score, g.manual_score) for g in notebook.grades)
            said = sorted((c.name, str(c.comment)) for c in notebook.comments)
            late = notebook.late_submission_penalty
            found[submission.student.id] = (str(submission.timestamp), grades, said, late)
        return found

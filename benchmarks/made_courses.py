"""Two assignments made to be measured, and the command `autograder` in which they exist.

python -m benchmarks.made_courses grade tiny --submissions ... --out ...
"""

import copy
import sys
from pathlib import Path
from unittest.mock import patch

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from autograder import cli, grade, source
from autograder.course import Course

SECRET = b"of no class, so no secret"
CELL_SECONDS = 5
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
BUSY = f"""
import time

until = time.monotonic() + {CELL_SECONDS}
while time.monotonic() < until:
    pass
"""
CHECK = """
@check("{name}", points=2)
def check_{number}(student, rng):
    x = inputs.weights(rng, 3)
    close(student.call("{name}", x), {factor} * x, hint="Is it {factor} times?")
"""
QUESTIONS = {"tiny": 1, "slow": 3}
"""Assignments and their numbers of questions; in `slow`, each cell works for five seconds."""


def marked(name: str, source: str, **marks: object) -> NotebookNode:
    base = {"grade": False, "locked": False, "solution": False, "task": False}
    nbgrader = base | {"grade_id": name, "schema_version": 3} | marks
    return new_code_cell(source, id=name, metadata={"nbgrader": nbgrader})


def answer(assignment: str, number: int, factor: int) -> str:
    """The cell in which a student writes `times_<number>`."""
    busy = BUSY if assignment == "slow" else ""
    return f"def times_{number}(x):\n    return {factor} * x\n{busy}"


def master(assignment: str) -> NotebookNode:
    cells = [marked("given-1", "import torch", locked=True)]
    for number in range(QUESTIONS[assignment]):
        text = answer(assignment, number, number + 2)
        body = text.replace("    return", "    ### BEGIN SOLUTION\n    return").replace(
            " * x\n", " * x\n    ### END SOLUTION\n"
        )
        hidden = f"### BEGIN HIDDEN TESTS\ngrade({number})\n### END HIDDEN TESTS"
        cells += [
            marked(f"times_{number}", body, solution=True),
            marked(f"check-times_{number}", hidden, grade=True, locked=True, points=2),
        ]
    return new_notebook(cells=cells, metadata={"kernelspec": KERNEL})


def checks(assignment: str) -> str:
    head = "from autograder import inputs\nfrom autograder.check import check, close\n"
    numbers = range(QUESTIONS[assignment])
    return head + "".join(CHECK.format(name=f"times_{n}", number=n, factor=n + 2) for n in numbers)


def course(assignment: str, secret_file: Path | None = None) -> Course:
    text = nbformat.writes(master(assignment))
    return Course(assignment, text, checks(assignment), f"{assignment}.py", SECRET)


def hand_in(assignment: str, folder: Path, students: int) -> None:
    """Write a class of which every third student has one answer wrong."""
    reference = master(assignment)
    for student in range(students):
        notebook = copy.deepcopy(reference)
        for number in range(QUESTIONS[assignment]):
            wrong = number == 0 and student % 3 == 0
            cell = next(c for c in notebook.cells if c.id == f"times_{number}")
            cell.source = answer(assignment, number, 7 if wrong else number + 2)
        home = folder / f"student-{student:04}" / assignment
        home.mkdir(parents=True)
        nbformat.write(notebook, home / f"{assignment}.ipynb")
        (home / "timestamp.txt").write_text(f"2026-01-{1 + student % 28:02} 10:00:00 UTC\n")


def main(arguments: list[str]) -> int:
    """Run `autograder` with the made assignments in place of the course's."""
    with (
        patch.object(grade, "load_course", course),
        patch.object(source, "assignments", lambda: list(QUESTIONS)),
    ):
        return cli.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

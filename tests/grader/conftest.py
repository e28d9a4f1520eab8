"""A small assignment, made here, that the grader's tests grade."""

import copy
from collections.abc import Callable
from dataclasses import replace

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.collect import Submission
from autograder.course import Course, Terms, task_of
from autograder.execute import Limits
from autograder.rebuild import stubs
from autograder.verify import grade_one

CHECKS = """
from autograder import inputs
from autograder.check import check, close, part

@check("double", points=2)
def double(student, rng):
    x = inputs.uniform(rng, 1, 9)
    close(student.call("double", x), 2 * x, hint="is it SECRET-HINT twice the number?")

@check("mean", points=3)
def mean(student, rng):
    values = [inputs.uniform(rng, 1, 9) for _ in range(5)]
    with part(2, "several values"):
        close(student.call("mean", values), sum(values) / 5)
    with part(1, "one value"):
        close(student.call("mean", values[:1]), values[0])

@check("name", points=1)
def name(student, rng):
    HIDDEN_EXPECTATION = "featherweight"
    close(student.get("course"), HIDDEN_EXPECTATION, hint="read the title")
"""

ANSWERS = {
    "double": "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION",
    "mean": "def mean(values):\n    ### BEGIN SOLUTION\n"
    "    return sum(values) / len(values)\n    ### END SOLUTION",
    "name": 'course = ""\n### BEGIN SOLUTION\ncourse = "featherweight"\n### END SOLUTION',
}
POINTS = {"double": 2, "mean": 3, "name": 1}


def marks(name: str, **flags: object) -> dict:
    base = {"grade": False, "locked": False, "solution": False, "task": False}
    return {"nbgrader": base | {"grade_id": name, "schema_version": 3} | flags}


def code(name: str, source: str, **flags: object) -> NotebookNode:
    return new_code_cell(source, id=name, metadata=marks(name, **flags))


def hidden(name: str) -> str:
    return f'# Graded.\n### BEGIN HIDDEN TESTS\ngrade("small", "{name}")\n### END HIDDEN TESTS'


def make_master() -> NotebookNode:
    cells = [
        new_markdown_cell("# A small assignment", id="text-1"),
        code("given-1", "import math\nanswer = 42", locked=True),
    ]
    for name, source in ANSWERS.items():
        cells += [
            new_markdown_cell(f"## The question of {name}", id=f"text-{name}"),
            code(name, source, solution=True),
            code(f"test-{name}", f"assert {name if name != 'name' else 'course'}", locked=True),
            code(f"check-{name}", hidden(name), grade=True, locked=True, points=POINTS[name]),
        ]
    written = marks("essay", grade=True, solution=True, points=4)
    cells.append(new_markdown_cell("Write here.", id="essay", metadata=written))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


@pytest.fixture
def master() -> NotebookNode:
    return make_master()


@pytest.fixture(scope="session")
def course() -> Course:
    return Course("small", nbformat.writes(make_master()), CHECKS, "small.py", b"0123456789abcdef")


@pytest.fixture(scope="session")
def submit() -> Callable[..., bytes]:
    """The bytes of a notebook: the reference, with some cells' sources replaced."""

    def build(edit: Callable[[NotebookNode], None] | None = None, **sources: str) -> bytes:
        notebook = copy.deepcopy(make_master())
        for cell in notebook.cells:
            cell.source = sources.get(cell.id.replace("-", "_"), cell.source)
        if edit is not None:
            edit(notebook)
        return nbformat.writes(notebook).encode()

    return build


@pytest.fixture(scope="session")
def handed_in(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Submission]:
    """A submission as collecting makes it: the notebook lies in a file."""

    def hand_in(student: str, data: bytes | None) -> Submission:
        if data is None:
            return Submission(student, None, "no-notebook")
        path = tmp_path_factory.mktemp(student) / "small.ipynb"
        path.write_bytes(data)
        return Submission(student, path)

    return hand_in


@pytest.fixture(scope="session")
def graded(course: Course, handed_in: Callable[..., Submission]) -> Callable[..., dict]:
    """Grade one submission in this process (its own code still runs in a kernel)."""

    def grade(data: bytes | None, checks: str = CHECKS, **limits: float) -> dict:
        given = replace(course, checks=checks)
        submission = handed_in("student-01", data)
        task = task_of(given, submission, Terms(Limits(**limits), sandbox=False))
        verdict = grade_one(replace(task, stubs=stubs(make_master())))
        verdict["rows"] = {row["check"]: row for row in verdict["checks"]}
        verdict["scores"] = {row["check"]: row["score"] for row in verdict["checks"]}
        verdict["statuses"] = {row["check"]: row["status"] for row in verdict["checks"]}
        return verdict

    return grade

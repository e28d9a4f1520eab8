"""The checks that the guide shows: right answers pass, wrong ones fail, wherever the code runs."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder.check import Check, checks_of, run_check
from autograder.execute import KernelSession, Limits
from autograder.student import KernelStudent, LocalStudent, Student
from tests.course.example_checks import ANSWERS

FILE = Path(__file__).with_name("example_checks.py")
CHECKS = checks_of(FILE.read_text(), str(FILE))
SECRET = b"a secret of tests"
GUIDE = Path(__file__).parents[2] / "book" / "instructor" / "writing-checks.md"

SQUARES = "(points[:, None] - points[None]).square().sum(-1).sqrt()"
WRONG = {
    "distances": [
        (".sum(-1).sqrt()", ".sum(-1)"),
        (SQUARES, SQUARES.replace("points[:", "points.mul_(2)[:")),
    ],
    "gradient": [("T**2 *", "T *"), ("logits_t.detach()", "logits_t")],
    "draws": [("torch.rand_like(weights) >= p", "weights.abs() >= p"), ("/ (1 - p)", "")],
    "state": [("layer.weight.data", "layer.bias.data"), ("mul_(0.5)", "mul(0.5)")],
    "calls": [("number % every == 0", "True"), ("optimizer.zero_grad()", "pass")],
    "passed": [("range(times)", "range(times + 1)"), ("min(", "max(")],
    "speed": [
        (
            SQUARES,
            "torch.stack([torch.stack([(a - b).square().sum().sqrt() for b in points])"
            " for a in points])",
        ),
        ("sqrt()", "abs()"),
    ],
}
CASES = [(name, *change) for name, changes in WRONG.items() for change in changes]


@pytest.fixture(scope="module", params=["in this process", "in a kernel"])
def student_of(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Student]]:
    """Give a student whose code is a text, in one of the two places."""
    if request.param == "in this process":

        def local(source: str) -> Student:
            namespace: dict = {}
            exec(source, namespace)
            return LocalStudent(namespace)

        yield local
        return
    session = KernelSession({}, Limits())
    session.start()

    def remote(source: str) -> Student:
        assert session.run(source, 60).status == "ok"
        return KernelStudent(session)

    yield remote
    session.kill()


def verdict(check: Check, student: Student) -> tuple[float, str]:
    result = run_check(check, student, SECRET, "examples")
    return result.score, result.detail


def test_every_example_has_wrong_answers():
    assert set(WRONG) == set(CHECKS)


def test_right_answers_get_all_points(student_of):
    student = student_of(ANSWERS)
    assert {name: verdict(check, student) for name, check in CHECKS.items()} == {
        name: (check.points, "") for name, check in CHECKS.items()
    }


@pytest.mark.parametrize(("name", "right", "wrong"), CASES)
def test_wrong_answers_lose_points(name, right, wrong, student_of):
    assert right in ANSWERS
    score, detail = verdict(CHECKS[name], student_of(ANSWERS.replace(right, wrong)))
    assert (score < CHECKS[name].points, detail) == (True, "")


def test_the_mutant_and_the_alternative_of_the_guide_are_what_it_says():
    blocks = re.findall(r"^```python\n(# .+?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    scores = {}
    for block in blocks:
        namespace: dict = {}
        exec(ANSWERS + block, namespace)
        kind = "right" if block.startswith("# Different") else "wrong"
        scores[kind] = verdict(CHECKS["distances"], LocalStudent(namespace))[0]
    assert scores["wrong"] < scores["right"] == CHECKS["distances"].points

"""A class of attackers and honest students, graded as an instructor grades it."""

from pathlib import Path

import pytest

from autograder.course import Course, Terms
from autograder.grade import Run, grade_class
from tests.attacks import assignment, grading
from tests.attacks.case import Case, all_cases
from tests.grader.gradebooks import contents

EVERY = 7
HONEST = ("ada", "grace", "zuse")
COURSE = Course(
    assignment.NAME,
    grading.master_text(),
    assignment.CHECKS,
    "walls.py",
    grading.SECRET,
    grading.fixtures(),
)


def chosen() -> list[Case]:
    """Every seventh case that needs no limits or rules of its own, and is about one file."""
    special = ("limits", "forbidden", "unavailable", "refused")
    plain = [case for case in all_cases() if not any(getattr(case, name) for name in special)]
    return [case for case in plain if not grading.is_collected(case)][::EVERY]


def name_of(case: Case) -> str:
    return case.name.replace("/", "-")


@pytest.fixture(scope="module")
def walls() -> None:
    if problem := grading.sandbox_problem():
        pytest.skip(f"no sandbox: {problem}")


@pytest.fixture(scope="module")
def graded(walls, tmp_path_factory) -> tuple[Path, Run]:
    """The class in the order of its names, so that honest students stand among the others."""
    root = tmp_path_factory.mktemp("class")
    files = {name_of(case): grading.written(case) for case in chosen()}
    for student, data in (files | dict.fromkeys(HONEST, grading.reference())).items():
        place = root / "handed-in" / student / assignment.NAME
        place.mkdir(parents=True)
        (place / f"{assignment.NAME}.ipynb").write_bytes(data)
    terms = Terms(grading.LIMITS)
    return root, grade_class(COURSE, root / "handed-in", root / "out", terms, workers=2)


def test_nobody_gains_or_loses_by_the_company_of_attackers(graded):
    _, done = graded
    assert not done.unrecorded and not done.given_up() and not done.crashed()
    for student in HONEST:
        assert grading.scores(done.results[student]) == assignment.POINTS
    for case in chosen():
        found = grading.scores(done.results[name_of(case)])
        assert found == case.expected_scores(assignment.POINTS), case.name


def test_gradebook_holds_what_was_verified(graded):
    root, done = graded
    book = contents(root / "out")
    for student, verdict in done.results.items():
        score = book[f"{assignment.NAME} {student}"]["score"]
        assert score == sum(row["score"] for row in verdict["checks"])


def test_no_file_of_the_results_holds_a_secret(graded):
    root, _ = graded
    files = [path for path in (root / "out").rglob("*") if path.is_file()]
    assert len(files) > len(HONEST)
    for path in files:
        assert not grading.CANARY.search(path.read_bytes().decode("latin-1")), path

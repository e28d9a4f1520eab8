"""Every assignment of the course: its hidden checks are tested, and its text tells the truth."""

import pkgutil
import re

import pytest

from autograder import audit, forbidden, sandbox, source
from autograder.check import registry
from autograder.collect import Submission
from autograder.course import Terms, load_course, task_of
from autograder.release import RELEASED
from autograder.verify import grade_one

ASSIGNMENTS = source.assignments()


@pytest.mark.slow
@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_audit_finds_no_problem(assignment):
    result = audit.audit(assignment, processes=2, timeout=180.0)
    assert result.problems == []
    summary = result.summary()
    assert summary["reference"] == summary["points"]
    assert summary["empty"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_reference_is_graded_without_a_loss_or_an_oddity(assignment, tmp_path):
    """In the sandbox, where there is one: what its walls hide, no given cell may need."""
    course = load_course(assignment, tmp_path / "secret")
    notebook = tmp_path / f"{assignment}.ipynb"
    notebook.write_text(course.master)
    terms = Terms(sandbox=not sandbox.problem())
    graded = grade_one(task_of(course, Submission("ada", notebook), terms))
    assert [row for row in graded["checks"] if row["score"] < row["max_score"]] == []
    assert graded["status"] == "graded"
    assert graded["flags"] == graded["notes"] == []


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_every_check_has_two_alternatives(assignment):
    checks = registry(assignment)
    found = audit.variants(audit.MUTANTS / assignment, source.master(assignment), checks)
    for name in checks:
        right = [v for v in found if v.check == name and v.kind == "right"]
        assert len(right) >= 2, name


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_what_an_assignment_rules_out_exists_and_is_told_to_students(assignment):
    rules = source.settings(assignment)
    assert rules["unavailable"], "the chapter's own code answers the assignment"
    text = (RELEASED / assignment / f"{assignment}.ipynb").read_text()
    for name in (*rules["unavailable"], *rules["forbidden"]):
        assert pkgutil.resolve_name(name)
        assert f"`{name}`" in text


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_answers_do_not_use_what_the_assignment_rules_out(assignment):
    rules = source.settings(assignment)
    assert (
        forbidden.flags(source.master(assignment), rules["forbidden"], rules["unavailable"]) == []
    )


def stated_points(cells):
    """The points that the text states for each answer, by the answer's id.

    An answer belongs to the nearest statement before it, a written one to the one in its own text.
    """
    found, points = {}, None
    for cell in cells:
        if cell.cell_type == "markdown":
            stated = re.findall(r"\*\d+ minutes, difficulty [123], (\d+) points\*", cell.source)
            points = float(stated[-1]) if stated else points
        if source.role(cell) in ("solution", "written"):
            found[source.grade_id(cell)], points = points, None
    return found


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_text_states_the_points_that_the_checks_give(assignment):
    checks = registry(assignment)
    cells = source.master(assignment).cells
    written = {c.id: c.metadata.nbgrader.points for c in cells if source.role(c) == "written"}
    expected = dict.fromkeys((check.cell for check in checks.values()), 0.0) | written
    for check in checks.values():
        expected[check.cell] += check.points
    assert stated_points(cells) == expected
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    assert re.search(rf"\b{sum(expected.values()):g}\s+points\. ", prose.replace(".\n", ". "))


def test_the_warm_up_states_its_minutes():
    prose = "\n".join(cell.source for cell in source.master("a0-measuring").cells)
    minutes = re.findall(r"\*(\d+) minutes, difficulty", prose)
    assert f"About {sum(map(int, minutes))} minutes" in prose


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_an_experiment_says_in_one_sentence_which_answer_is_missing(assignment):
    cells = [c for c in source.master(assignment).cells if source.role(c) == "experiment"]
    assert cells
    assert [cell.id for cell in cells if not cell.source.startswith("@experiment\n")] == []

"""Every assignment of the course: its hidden checks are tested, and its text tells the truth."""

import re

import pytest

from autograder import audit, source
from autograder.check import registry

ASSIGNMENTS = source.assignments()


@pytest.mark.slow
@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_audit_finds_no_problem(assignment):
    result = audit.audit(assignment, processes=2, timeout=180.0)
    assert result.problems == []
    summary = result.summary()
    assert summary["reference"] == summary["points"]
    assert summary["empty"] == 0


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_every_check_has_two_alternatives(assignment):
    checks = registry(assignment)
    found = audit.variants(audit.MUTANTS / assignment, source.master(assignment), checks)
    for name in checks:
        right = [v for v in found if v.check == name and v.kind == "right"]
        assert len(right) >= 2, name


def test_the_warm_up_states_its_points_and_minutes():
    checks = registry("a0-measuring")
    notebook = source.master("a0-measuring")
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    stated = re.findall(r"\*(\d+) minutes · ●+ · (\d+) points\*", prose)
    assert [float(points) for _, points in stated] == [c.points for c in checks.values()]
    assert f"About {sum(int(m) for m, _ in stated)} minutes" in prose
    total = sum(check.points for check in checks.values())
    assert f"{len(checks)} exercises and {total:g} points" in prose

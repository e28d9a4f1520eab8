"""Every attack and fault ends in the verdict that its file expects, and touches nothing else."""

import json
from pathlib import Path

import pytest

from autograder import verify
from autograder.collect import CollectError
from autograder.feedback import feedback
from tests.attacks import assignment, grading
from tests.attacks.case import Case, all_cases

CASES = all_cases()
# Flags that say "look here": a case lists them only if it is about them.
HINTS = {"suspicious", "stumbled", "given-failed"}


@pytest.fixture(scope="session")
def walls() -> bool:
    """Whether there is a sandbox here; without one, only what needs none is tried."""
    return not grading.sandbox_problem()


@pytest.fixture(scope="session")
def honest(walls: bool) -> dict:
    """The verdict on the reference, before anybody attacked."""
    verdict = verify.grade_one(grading.task_of(grading.reference(), sandbox=walls))
    assert grading.scores(verdict) == assignment.POINTS
    return verdict


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case, walls: bool, honest: dict, tmp_path: Path, monkeypatch) -> None:
    if case.needs_sandbox and not walls:
        pytest.skip(f"no sandbox: {grading.sandbox_problem()}")
    monkeypatch.setenv("COURSE_PASSWORD", "fw-canary-e4714084e47a0003")
    for _ in range(case.times):
        if case.refused:
            with pytest.raises(CollectError, match=case.refused):
                grading.verdict_of(case, tmp_path, sandbox=walls)
            assert not grading.footprints(tmp_path)
            return
        with grading.bounded_memory():
            verdict = grading.verdict_of(case, tmp_path, sandbox=walls)
        assert_expected(case, verdict)
        assert_harmless(verdict, tmp_path)
    if walls:
        assert_neighbor_unharmed(honest)


def assert_expected(case: Case, verdict: dict) -> None:
    """The verdict is the one that the case's header names."""
    shown = grading.printed(verdict)
    said = f"{json.dumps(verdict['checks'], indent=1)}\n{shown}"
    assert verdict["status"] == case.verdict
    assert grading.scores(verdict) == case.expected_scores(assignment.POINTS), said
    assert not case.unexpected_causes(grading.causes(verdict)), said
    for text in case.shows:
        assert text in shown
    for text in case.never:
        assert text not in shown
    rows = {row["check"]: row for row in verdict["checks"]}
    for name, text in case.says.items():
        assert text in rows[name]["message"]
    for text in case.notes:
        assert any(text in note for note in verdict["notes"]), verdict["notes"]
    flagged = {flag["kind"] for flag in verdict["flags"]}
    assert flagged - HINTS == set(case.flags) - HINTS
    assert set(case.flags) <= flagged


def assert_harmless(verdict: dict, folder: Path) -> None:
    """No secret in the verdict, nothing active on the page, nothing left on the machine."""
    assert not grading.leaked(verdict)
    assert not any("the grader itself failed" in note for note in verdict["notes"])
    page = feedback(verdict)
    assert not grading.active_parts(page)
    assert not grading.CANARY.search(page)
    assert len(page) < 5_000_000
    assert not grading.footprints_that_stay(folder)


def assert_neighbor_unharmed(honest: dict) -> None:
    """The next notebook of the same warm parent gets what it got before."""
    again = verify.grade_one(grading.task_of(grading.reference(), sandbox=True))
    assert again["checks"] == honest["checks"]


CONTROLLED = [case for case in CASES if case.control]


@pytest.mark.parametrize("case", CONTROLLED, ids=lambda case: case.name)
def test_attack_succeeds_where_there_are_no_walls(case: Case) -> None:
    (source,) = [*case.answers.values(), *case.added]
    assert case.control in grading.control_output(source)

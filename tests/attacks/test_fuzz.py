"""Submissions changed at random end in a verdict, never in a traceback, and affect nobody.

`FUZZ=20000 pytest tests/attacks/test_fuzz.py` looks for new ones, for so many examples a test.
"""

import copy
import csv
import json
import os
from collections.abc import Callable, Iterator
from functools import cache
from random import Random

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder import grade, verify
from autograder.agent import Agent
from autograder.course import Course, Terms
from autograder.execute import Limits, Outcome
from autograder.feedback import feedback
from autograder.rebuild import is_hidden_check
from tests.attacks import assignment, grading, mutations
from tests.grader.gradebooks import contents

LONG = int(os.environ.get("FUZZ", 0))
REAL, CLASS = 24, 60
# A seed is drawn, or, to shrink what is found in a long run, every choice.
CHANCE = st.randoms(use_true_random=not LONG)


def fuzzed(examples: int) -> settings:
    """The same examples in every run; new ones, and many, if they are asked for."""
    quiet = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
    common = {"deadline": None, "suppress_health_check": quiet, "database": None}
    if LONG:
        return settings(max_examples=LONG, print_blob=True, **common)
    return settings(max_examples=examples, derandomize=True, **common)


@cache
def definitions() -> dict[str, dict]:
    """What each right answer defines."""
    found = {}
    for source in assignment.ANSWERS.values():
        defined: dict = {}
        exec(f"import torch\n{source}", defined)
        found[source] = {name: it for name, it in defined.items() if name != "__builtins__"}
    return found


class Pretended:
    """A session that runs nothing: a cell with a right answer defines it, any other does nothing.

    Everything else of the grader is real, and a hundred submissions take no longer than a kernel.
    """

    def __init__(self, files: dict[str, bytes], limits: Limits):
        self.alive = False
        self.namespace: dict = {}
        self.agent = Agent(self.namespace)

    def start(self) -> None:
        self.alive = True

    def run(self, source: str, timeout: float) -> Outcome:
        self.namespace.update(definitions().get(source, {}))
        return Outcome("ok", [{"output_type": "stream", "name": "stdout", "text": source[:500]}])

    def request(self, payload: str, timeout: float) -> str:
        return self.agent.answer(payload)

    def kill(self) -> None:
        self.alive = False


def judged(data: bytes | None, session: Callable | None = Pretended, **more: object) -> dict:
    """The verdict on a file, which must be whole whatever the file is."""
    verdict = verify.grade_one(grading.task_of(data, **more), session=session)
    assert not any("the grader itself failed" in note for note in verdict["notes"]), verdict
    assert verdict["status"] == "graded" or verdict["status"] in verify.CAUSES
    rows = {row["check"]: row for row in verdict["checks"]}
    assert list(rows) == list(assignment.POINTS)
    for name, row in rows.items():
        assert 0 <= row["score"] <= row["max_score"] == assignment.POINTS[name]
        assert row["status"] == "graded" or row["status"] in verify.CAUSES
        assert verdict["status"] == "graded" or row["status"] == verdict["status"]
    assert json.loads(json.dumps(verdict, allow_nan=False)) == verdict
    notebook = nbformat.from_dict(copy.deepcopy(verdict["notebook"]))
    nbformat.validate(notebook)
    checks = [cell.source for cell in notebook.cells if is_hidden_check(cell)]
    assert checks == [assignment.graded_cell(name) for name in assignment.POINTS]
    assert_inert(feedback(verdict))
    return verdict


def assert_inert(page: str) -> None:
    page.encode("utf-8")
    assert not grading.active_parts(page)
    assert not grading.CANARY.search(page)


def answers_of(verdict: dict) -> dict[str, str]:
    """The source of each answer's cell, as it was graded."""
    cells = nbformat.from_dict(verdict["notebook"]).cells
    return {c.metadata.nbgrader.grade_id: c.source for c in cells if c.metadata.get("nbgrader")}


@pytest.fixture(scope="session")
def untouched() -> Iterator[dict]:
    """The verdict on the reference, which is the same when all others were judged."""
    before = judged(grading.reference())
    assert grading.scores(before) == assignment.POINTS
    yield before
    assert judged(grading.reference())["checks"] == before["checks"]


@pytest.mark.parametrize("kind", mutations.KINDS)
def test_any_change_ends_in_a_verdict(kind, untouched):
    @fuzzed(400)
    @given(CHANCE)
    def check(rng):
        judged(mutations.mutated(rng, kind))

    check()


def test_points_follow_the_answers_that_are_there(untouched):
    """Full marks mean that the answer stands in a code cell, its own or an added one."""

    @fuzzed(150)
    @given(CHANCE, st.sampled_from(("metadata", "sources")))
    def check(rng, kind):
        verdict = judged(mutations.mutated(rng, kind))
        cells = verdict["notebook"]["cells"]
        sources = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
        for name, score in grading.scores(verdict).items():
            there = assignment.ANSWERS[name] in sources
            assert score == (assignment.POINTS[name] if there else 0)

    check()


def test_flags_and_points_in_the_file_never_matter(untouched):
    """Whatever the marks of given and graded cells become, the verdict is the reference's."""

    @fuzzed(150)
    @given(CHANCE)
    def check(rng):
        notebook = assignment.submission()
        for cell in notebook["cells"]:
            marks = cell["metadata"].get("nbgrader", {})
            for name in mutations.MARKS[1:]:
                if rng.random() < 0.5 and marks:
                    marks[name] = mutations.value(rng)
        verdict = judged(json.dumps(notebook).encode())
        assert grading.scores(verdict) == assignment.POINTS
        assert answers_of(verdict) == answers_of(untouched)

    check()


def tags() -> st.SearchStrategy[str]:
    """The tags of the protocol, by which values are told apart, and others."""
    known = ("value", "error", "list", "tuple", "dict", "float", "tensor", "array", "generator")
    more = ("dtype", "handle", "grad", "kind", "type", "message", "line", "shared", "state")
    return st.sampled_from(known + more) | st.text(max_size=5)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(tags(), inner, max_size=2),
    max_leaves=8,
)


def test_any_reply_of_a_kernel_ends_in_a_verdict(untouched):
    """A kernel that answers checks with anything gets no point for it, and no check crashes."""

    @fuzzed(250)
    @given(st.lists(st.one_of(st.text(max_size=30), JSON.map(json.dumps)), min_size=1, max_size=6))
    def check(replies):
        class Replying(Pretended):
            asked = 0

            def request(self, payload, timeout):
                self.asked += 1
                return replies[self.asked % len(replies)]

        verdict = judged(grading.reference(), Replying)
        assert sum(grading.scores(verdict).values()) == 0
        assert "check-crashed" not in grading.causes(verdict).values()

    check()


def test_any_output_of_a_kernel_ends_in_an_inert_page(untouched):
    """Messages of a kernel in no known form are dropped, those in a known one are made inert."""
    kinds = ("stream", "display_data", "execute_result", "update_display_data", "clear_output")
    names = st.sampled_from(("data", "name", "text", "transient", "ename", "evalue", "traceback"))
    forms = st.sampled_from(("text/html", "text/markdown", "image/svg+xml", "image/png", "stdout"))
    texts = st.sampled_from(mutations.TEXTS) | forms | st.just("stdout")
    data = st.dictionaries(forms, texts | JSON, max_size=3)
    contents_of = st.dictionaries(names, data | texts | JSON | st.lists(texts, max_size=3))

    @fuzzed(250)
    @given(st.lists(st.tuples(st.sampled_from((*kinds, "error")), contents_of), max_size=5))
    def check(messages):
        class Printing(Pretended):
            def run(self, source, timeout):
                from autograder.execute import Outputs

                gathered = Outputs(10_000)
                for kind, content in messages:
                    gathered.count(100)
                    gathered.add(kind, content)
                return Outcome(super().run(source, timeout).status, gathered.outputs)

        verdict = judged(grading.reference(), Printing)
        assert grading.scores(verdict) == assignment.POINTS

    check()


@pytest.mark.parametrize("kind", mutations.KINDS)
def test_changed_submissions_are_run_for_real(kind):
    """With a kernel in the sandbox: a verdict for each, and a regrade gives the same one."""
    walls = not grading.sandbox_problem()
    limits = {"cell_seconds": 3, "notebook_seconds": 20}
    for number in range(LONG // 20 or REAL // len(mutations.KINDS)):
        data = mutations.mutated(Random(f"{kind} {number}"), kind)
        first, second = (judged(data, None, sandbox=walls, limits=limits) for _ in range(2))
        assert first["checks"] == second["checks"]
        assert first["notes"] == second["notes"]


class HereAndNow:
    """An engine without workers, whose sessions run nothing."""

    def __init__(self, scheduler: str, workers: int):
        pass

    def __enter__(self) -> "HereAndNow":
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def graded(self, jobs: list) -> Iterator[tuple[str, dict]]:
        for job in jobs:
            yield job.student, verify.grade_one(job.build(), session=Pretended)


def test_class_of_changed_submissions_is_recorded_and_reported(tmp_path, monkeypatch):
    """Gradebook, sheets, feedback and report of a class in which every file is damaged but one."""
    monkeypatch.setattr(grade, "Engine", HereAndNow)
    for number in range(CLASS):
        rng = Random(f"class {number}")
        place = tmp_path / "handed-in" / name_of(rng, number) / assignment.NAME
        place.mkdir(parents=True)
        data = mutations.mutated(rng, mutations.KINDS[number % len(mutations.KINDS)])
        (place / f"{assignment.NAME}.ipynb").write_bytes(data if number else grading.reference())
    course = Course(
        assignment.NAME, grading.master_text(), assignment.CHECKS, "walls.py", grading.SECRET
    )
    out = tmp_path / "out"
    done = grade.grade_class(course, tmp_path / "handed-in", out, Terms(sandbox=False))
    assert len(done.results) == CLASS and not done.unrecorded and not done.crashed()
    with (out / "grades.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == CLASS * len(assignment.POINTS)
    scores = {
        student: sum(float(row["score"]) for row in rows if row["student"] == student)
        for student in done.results
    }
    book = contents(out)
    assert {s: book[f"{assignment.NAME} {s}"]["score"] for s in done.results} == scores
    assert sum(assignment.POINTS.values()) in scores.values()
    for student in done.results:
        page = out / "feedback" / student / assignment.NAME / f"{assignment.NAME}.html"
        assert_inert(page.read_text(encoding="utf-8"))


def name_of(rng: Random, number: int) -> str:
    """The name of a folder, odd as names can be."""
    letters = [c for c in mutations.text(rng) if c not in "/\0" and not 0xD800 <= ord(c) < 0xE000]
    return f"{number} {''.join(letters)}"[:80]

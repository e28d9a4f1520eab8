"""One submission: honest ones get their points, and no trick or fault gets any."""

from dataclasses import replace

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from autograder import rebuild, verify
from autograder.course import Terms, task_of

TENSOR_CHECKS = """
from autograder import inputs
from autograder.check import check, close

@check("double", points=2)
def double(student, rng):
    w = inputs.weights(rng, 3, 4)
    close(student.call("double", w), 2 * w)

@check("mean", points=3)
def mean(student, rng):
    close(student.call("mean", inputs.weights(rng, 4)), 1.0)

@check("name", points=1)
def name(student, rng):
    close(student.call("mean", [1.0, 3.0]), 2.0)
"""

FORGERIES = """
import torch, builtins, torch.testing
torch.allclose = torch.equal = lambda *args, **kwargs: True
torch.testing.assert_close = lambda *args, **kwargs: None
class Always(torch.Tensor):
    def __eq__(self, other): return torch.ones(3, 4, dtype=torch.bool)
    def __sub__(self, other): return torch.zeros(3, 4)
    def __bool__(self): return True
def double(x):
    return torch.zeros(3, 4).as_subclass(Always)
class Anything:
    def __eq__(self, other): return True
def mean(x):
    if isinstance(x, list):
        return sum(x) / len(x)
    return Anything()
"""

SCORES = """
print("2.0")
from IPython.display import display
display(2.0)
get_ipython().events.register("post_run_cell", lambda *a: print("3.0"))
get_ipython().run_cell = lambda *a, **k: None
def double(x): return "2.0"
2.0
"""


def test_reference_gets_full_marks_in_spite_of_warnings(graded, submit):
    warned = "import sys, warnings\nwarnings.warn('x')\nprint('y', file=sys.stderr)\n"
    verdict = graded(submit(double=warned + "def double(x): return 2 * x"))
    assert verdict["scores"] == {"double": 2, "mean": 3, "name": 1}
    assert set(verdict["statuses"].values()) == {"graded"}
    assert verdict["sandbox"] is False


def test_wrong_tensors_cannot_pass_by_replaced_comparisons(graded, submit):
    verdict = graded(submit(double=FORGERIES, mean="1"), TENSOR_CHECKS)
    assert verdict["scores"] == {"double": 0, "mean": 0, "name": 1}
    assert "must be a number" in verdict["rows"]["mean"]["message"]


def test_printed_scores_and_replaced_hooks_gain_nothing(graded, submit):
    verdict = graded(submit(double=SCORES, name="course = 1"))
    assert verdict["scores"]["double"] == 0
    assert verdict["scores"]["name"] == 0
    notebook = nbformat.from_dict(verdict["notebook"])
    check = next(cell for cell in notebook.cells if cell.id == "check-double")
    results = [o for o in check.outputs if o.output_type == "execute_result"]
    assert [o.data["text/plain"] for o in results] == ["0.0"]


def test_error_in_one_answer_costs_only_its_own_check(graded, submit):
    def fault(notebook):
        notebook.cells = [cell for cell in notebook.cells if cell.id != "name"]

    broken = "import os\ndef mean(values):\n    os._exit(1)"
    verdict = graded(submit(fault, double="1 / 0", mean=broken))
    assert verdict["scores"] == {"double": 0, "mean": 0, "name": 0}
    assert verdict["statuses"] == {
        "double": "cell-error",
        "mean": "kernel-died",
        "name": "missing-cell",
    }
    assert "cell was missing" in verdict["rows"]["name"]["message"]


def test_answer_left_as_it_was_handed_out_is_unanswered(graded, submit, master):
    stub = rebuild.stubs(master)["double"]
    verdict = graded(submit(double=f"{stub}\n"))
    assert verdict["statuses"] == {"double": "unanswered", "mean": "graded", "name": "graded"}
    assert verdict["rows"]["double"]["message"] == verify.CAUSES["unanswered"]
    assert verdict["scores"]["double"] == 0


def test_loops_cost_only_their_own_check(graded, submit):
    loop = "def mean(values):\n    while True: pass"
    data = submit(double="while True: pass", mean=loop)
    verdict = graded(data, cell_seconds=1, call_seconds=0.5)
    assert verdict["statuses"] == {"double": "timeout", "mean": "timeout", "name": "graded"}
    assert verdict["scores"]["name"] == 1


def test_answer_in_an_added_cell_counts(graded, submit):
    def move(notebook):
        notebook.cells = [cell for cell in notebook.cells if cell.id != "double"]
        notebook.cells.append(new_code_cell("def double(x): return 2 * x"))

    verdict = graded(submit(move))
    assert verdict["scores"]["double"] == 2
    assert verdict["statuses"]["double"] == "graded"
    assert "the answer cell 'double' is missing" in verdict["notes"]


def test_hidden_checks_are_never_sent_to_the_kernel(graded, submit):
    seen = "course = repr(get_ipython().history_manager.input_hist_parsed) + repr(In)"
    spy = (
        "from autograder.check import check\n"
        "@check('double', points=2)\ndef double(student, rng): pass\n"
        "@check('mean', points=3)\ndef mean(student, rng): pass\n"
        "@check('name', points=1)\ndef name(student, rng):\n"
        "    seen = student.get('course')\n"
        "    assert 'import math' in seen and 'HIDDEN' not in seen and 'grade(' not in seen\n"
    )
    assert graded(submit(name=seen), spy)["scores"]["name"] == 1


@pytest.mark.parametrize(
    ("data", "status"),
    [(None, "no-notebook"), (b"{", "unreadable-notebook"), (b'{"cells": []}', "wrong-assignment")],
)
def test_submission_that_cannot_be_run_has_its_cause_in_every_row(graded, data, status):
    verdict = graded(data)
    assert verdict["status"] == status
    assert verdict["scores"] == {"double": 0, "mean": 0, "name": 0}
    assert set(verdict["statuses"].values()) == {status}


def test_check_that_the_file_lacks_counts_as_crashed(graded, submit):
    only = "from autograder.check import check\n@check('name', points=1)\ndef n(s, r): 1 / 0"
    verdict = graded(submit(), only)
    assert set(verdict["statuses"].values()) == {"check-crashed"}


STUMBLING = """
from autograder.check import check, close

@check("double", points=2)
def double(student, rng):
    close(student.call("double", 2.0).real, 4.0)

@check("mean", points=3)
def mean(student, rng):
    close(student.call("mean", [1.0]), no_such_name)

@check("name", points=1)
def name(student, rng):
    close(student.get("course"), "featherweight")
"""


def test_answer_on_which_a_check_stumbles_is_wrong_and_a_check_that_always_does_counts_for_nobody(
    graded, submit
):
    verdict = graded(submit(double="def double(x): return 'text'"), STUMBLING)
    assert verdict["statuses"] == {"double": "graded", "mean": "check-crashed", "name": "graded"}
    assert verdict["scores"] == {"double": 0, "mean": 0, "name": 1}
    assert "AttributeError" in verdict["rows"]["double"]["detail"]
    assert "AttributeError" not in verdict["rows"]["double"]["message"]


def test_instructor_is_told_of_a_cell_that_met_a_limit(graded, submit):
    slow = "def double(x): return 2 * x\nwhile True: pass"
    verdict = graded(submit(double=slow), cell_seconds=1.0)
    assert "the cell 'double' took too long" in verdict["notes"]


def test_cells_are_named_as_instructors_call_them(master):
    names = [verify.name_of(cell) for cell in master.cells]
    assert "the cell 'double'" in names
    assert "the visible test of 'double'" in names


def test_output_is_bounded_over_the_whole_notebook(graded, submit):
    loud = "print('x' * 900)\n"
    answers = {"double": "def double(x): return 2 * x", "name": "course = 'featherweight'"}
    verdict = graded(
        submit(**{name: loud + text for name, text in answers.items()}), output_bytes=1500
    )
    assert verdict["scores"] == {"double": 2, "mean": 3, "name": 1}
    assert len(str([cell.get("outputs") for cell in verdict["notebook"]["cells"]])) < 2500
    assert any("printed more than is kept" in note for note in verdict["notes"])


def test_given_cell_that_fails_is_flagged_for_the_instructor(graded, submit, course, handed_in):
    assert graded(submit())["flags"] == []
    master = nbformat.reads(course.master, as_version=4)
    master.cells[1].source = "import math\nopen('checkpoint')"
    broken = replace(course, master=nbformat.writes(master))
    task = task_of(broken, handed_in("ada", submit()), Terms(sandbox=False))
    flags = verify.grade_one(task)["flags"]
    assert [(flag["kind"], flag["cell"]) for flag in flags] == [("given-failed", "given-1")]
    assert flags[0]["what"].startswith("FileNotFoundError: ")

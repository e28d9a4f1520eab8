"""What is found in answers' source: forbidden routines however they are named, and attacks."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder import forbidden

PRUNE = "torch.nn.utils.prune"


def answer(source, name="answer"):
    marks = {"grade": False, "locked": False, "solution": True, "grade_id": name}
    return new_code_cell(source, metadata={"nbgrader": marks})


def added(source):
    return new_code_cell(source, id="extra-0", metadata={"tags": ["added"]})


def given(source):
    marks = {"grade": False, "locked": True, "solution": False, "grade_id": "given-1"}
    return new_code_cell(source, metadata={"nbgrader": marks})


def found(*cells, **rules):
    rules = rules or {"forbidden": (PRUNE,)}
    return forbidden.flags(new_notebook(cells=list(cells)), **rules)


def kinds(source):
    return {flag["kind"] for flag in found(answer(source))}


@pytest.mark.parametrize(
    "source",
    [
        "import torch.nn.utils.prune",
        "import torch.nn.utils.prune as p",
        "from torch.nn.utils import prune",
        "from torch.nn.utils import prune as q",
        "from torch.nn.utils.prune import l1_unstructured",
        "from torch.nn.utils.prune import *",
        "import torch\ntorch.nn.utils.prune.l1_unstructured(layer, 'weight', 3)",
        "from torch.nn import utils\nutils.prune.identity",
        "import torch.nn.utils as u\nv = u\nv.prune",
        "import torch\nif (u := torch.nn.utils): u.prune",
        "import importlib\nimportlib.import_module('torch.nn.utils.prune')",
        "from importlib import import_module as load\nload('.prune', 'torch.nn.utils')",
        "__import__('torch.nn.utils.prune')",
        "import torch\ngetattr(torch.nn.utils, 'pr' + 'une')",
        "import torch\ngetattr(getattr(torch.nn, 'utils'), f'prune')",
        "import sys\nsys.modules['torch.nn.utils.prune']",
        "import torch\nvars(torch.nn.utils)['prune']",
        "import torch\ntorch.nn.utils.__dict__['prune']",
        "run('import torch.nn.utils.prune as p')",
        "%matplotlib inline\nfrom torch.nn.utils import prune",
        "%%time\nfrom torch.nn.utils import prune",
        "def f():\n    from torch.nn.utils import prune\n    return prune",
    ],
)
def test_a_forbidden_routine_is_found_however_it_is_named(source):
    assert "forbidden" in kinds(source)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "import torch\nfrom torch.nn import utils\nutils.clip_grad_norm_(p, 1)",
        "def prune(x):\n    '''Unlike torch.nn.utils.prune, returns a copy.'''\n    return x",
        "# torch.nn.utils.prune is not used\nimport torch\ntorch.nn.utils.pruned",
        "model.eval()\nre.compile('a')\nsignal = socket = 3\nsignal.mean()",
        "import torch\ntorch.backends.cudnn.benchmark = False\nlayer.weight = torch.ones(2)",
        "%matplotlib inline\nx = 1",
        "def broken(:\n    import torch.nn.utils.prune",
    ],
)
def test_an_honest_answer_is_not_flagged(source):
    assert found(answer(source)) == []


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("get_ipython().events.register('post_run_cell', f)", "uses get_ipython (line 1)"),
        ("import sys\nsys._getframe(1).f_locals", "uses sys._getframe (line 2)"),
        ("from sys import _getframe as g\ng()", "uses sys._getframe (lines 1, 2)"),
        ("import gc\ngc.get_objects()", "uses gc.get_objects (line 2)"),
        ("import ctypes", "uses ctypes (line 1)"),
        ("import os, signal\nos.kill(1, 9)", "uses os.kill (line 2)"),
        ("import subprocess as s\ns.run('ls')", "uses subprocess (lines 1, 2)"),
        ("!ls ..", "uses get_ipython (line 1)"),
        ("eval('1')", "uses eval (line 1)"),
        ("().__class__.__base__.__subclasses__()", "uses __subclasses__ (line 1)"),
        ("open('/proc/self/maps')", "has /proc/ in a text (line 1)"),
        ("import torch\ntorch.allclose = lambda *a: True", "replaces torch.allclose (line 2)"),
        ("import torch\nsetattr(torch, 'equal', f)", "replaces torch.equal (line 2)"),
        ("from autograder.checks import a", "uses autograder (line 1)"),
    ],
)
def test_what_reads_or_changes_the_grader_is_suspicious(source, what):
    flags = found(answer(source), forbidden=())
    assert {"kind": "suspicious", "cell": "answer", "what": what} in flags


def test_an_absent_module_is_named_as_such():
    source = "from featherweight.techniques import measuring\nmeasuring.macs(1)"
    (flag,) = found(answer(source), unavailable=("featherweight.techniques.measuring",))
    assert flag["kind"] == "unavailable"
    assert flag["what"] == "uses featherweight.techniques.measuring (lines 1, 2)"


def test_names_are_followed_from_cell_to_cell_and_given_code_is_not_flagged():
    cells = [
        given("from torch.nn import utils\nutils.prune"),
        answer("def f(): return utils.prune"),
    ]
    assert [flag["cell"] for flag in found(*cells)] == ["answer"]
    flags = found(added("import torch.nn.utils.prune as p"), answer("p.identity"))
    assert [flag["cell"] for flag in flags] == ["extra-0", "answer"]


def test_prose_is_not_searched():
    assert found(new_markdown_cell("import torch.nn.utils.prune", metadata={})) == []


@pytest.mark.parametrize(
    "source",
    [
        "(" * 5000 + ")" * 5000,
        "-" * 100_000 + "1",
        "x" + ".a" * 20_000,
        "'a'" + "+'a'" * 20_000,
        "x = 1\n" * 100_000,
        "[" * 50_000,
        "f" + "()" * 20_000,
        "a = b = " * 20_000 + "1",
        "\0",
        "1" * 100_000,
        "%%\n%%%",
        "!",
        "?" * 1000,
        "\ufeffimport os",
        "lambda: " * 3000 + "1",
        "if x:\n" + "".join(" " * n + "if x:\n" for n in range(1, 150)),
    ],
    ids=range(16),
)
def test_no_source_stops_the_search(source):
    flags = found(answer(source), added("import torch.nn.utils.prune"))
    assert "forbidden" in {flag["kind"] for flag in flags}
    assert len(flags) <= 3

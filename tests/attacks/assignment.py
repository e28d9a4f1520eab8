"""A small assignment whose checks take every way into a student's process, and its reference."""

import json
from functools import cache

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.rebuild import before_hidden, is_hidden_check

NAME = "walls"

CHECKS = '''
"""fw-canary-c4ec50f0ffee0001 stands in the hidden checks: nobody inside may read it."""
import torch

from autograder import inputs
from autograder.check import check, close


@check("name", points=1)
def name(student, rng):
    """A variable's value."""
    close(student.get("course"), "featherweight", hint="read the title")


@check("mean", points=2)
def mean(student, rng):
    """A number of numbers."""
    values = [inputs.uniform(rng, 1, 9) for _ in range(5)]
    close(student.call("mean", values), sum(values) / 5, hint="divide by how many there are")


@check("scale", points=3)
def scale(student, rng):
    """A tensor of a tensor."""
    weight, factor = inputs.weights(rng, 3, 4), inputs.uniform(rng, 2, 3)
    close(student.call("scale", weight, factor), factor * weight)


@check("prune", points=2)
def prune(student, rng):
    """An argument that is modified."""
    weight = inputs.weights(rng, 5, 4)
    student.call("prune_", weight, 0.5)
    pruned = torch.where(weight.abs() < 0.5, torch.zeros(()), weight)
    close(student.arguments()[0], pruned)


@check("layer", points=3)
def layer(student, rng):
    """An object that stays behind: its state and what it does."""
    weight, bias, x = (inputs.weights(rng, *shape) for shape in ((2, 3), (2,), (4, 3)))
    made = student.call("make_layer", weight, bias)
    close(student.state(made)["weight"], weight)
    close(student.method(made, "forward", x).detach(), x @ weight.T + bias)


@check("penalty", points=2)
def penalty(student, rng):
    """A gradient, and arguments that stay as they are."""
    weight, strength = inputs.weights(rng, 3, 3), inputs.uniform(rng, 1, 2)
    close(student.call("penalty", weight, strength), strength * weight.abs().sum())
    assert student.modified() == []
    (slope,) = student.gradient("penalty", weight, strength)
    close(slope, strength * weight.sign())


@check("best", points=2)
def best(student, rng):
    """How many times a function was called."""
    scores = {number: inputs.uniform(rng, 0, 1) for number in range(5)}
    student.define(f"def score(option): return {scores}[option]")
    score = student.helper("score")
    found, calls = student.count_calls(score, "best", score, list(scores))
    close(found, max(scores, key=scores.get))
    close(calls, len(scores))


@check("draw", points=2)
def draw(student, rng):
    """The same draws under one seed, others under another."""
    count = inputs.integer(rng, 20, 30)
    first, second = student.repeated("draw", count, seed=1)
    (other,) = student.repeated("draw", count, seed=2, times=1)
    close(first, second)
    assert len(first) == count and not torch.equal(first, other)


@check("twice", points=2)
def twice(student, rng):
    """A function that is passed in."""
    a, b, x = (inputs.uniform(rng, 1, 5) for _ in range(3))
    student.define(f"def affine(value): return {a!r} * value + {b!r}")
    close(student.call("twice", student.helper("affine"), x), a * (a * x + b) + b)
'''

ANSWERS = {
    "name": 'course = "featherweight"',
    "mean": "def mean(values):\n    return sum(values) / len(values)",
    "scale": "def scale(weight, factor):\n    return factor * weight",
    "prune": "def prune_(weight, threshold):\n    weight[weight.abs() < threshold] = 0",
    "layer": "def make_layer(weight, bias):\n"
    "    layer = torch.nn.Linear(weight.shape[1], weight.shape[0])\n"
    '    layer.load_state_dict({"weight": weight, "bias": bias})\n'
    "    return layer",
    "penalty": "def penalty(weight, strength):\n    return strength * weight.abs().sum()",
    "best": "def best(score, options):\n    return max(options, key=score)",
    "draw": "def draw(count):\n    return torch.rand(count)",
    "twice": "def twice(function, value):\n    return function(function(value))",
}
VISIBLE = {
    "name": 'assert course, "name it"',
    "mean": 'assert mean([2.0, 4.0]) == 3.0, "the mean of 2 and 4 is 3"',
    "scale": "assert torch.equal(scale(torch.ones(2), 2.0), torch.full((2,), 2.0))",
    "prune": "prune_(torch.ones(2), 0.5)",
    "layer": "make_layer(torch.ones(1, 2), torch.zeros(1))",
    "penalty": "assert penalty(torch.ones(2), 3.0) == 6.0",
    "best": "assert best(abs, [1, -3, 2]) == -3",
    "draw": "assert len(draw(3)) == 3",
    "twice": "assert twice(lambda value: value + 1, 1) == 3",
}
POINTS = dict.fromkeys(ANSWERS, 2.0) | {"name": 1.0, "scale": 3.0, "layer": 3.0}


def marks(name: str, **flags: object) -> dict:
    base = {"grade": False, "locked": False, "solution": False, "task": False}
    return {"nbgrader": base | {"grade_id": name, "schema_version": 3} | flags}


def code(name: str, source: str, **flags: object) -> NotebookNode:
    return new_code_cell(source, id=name, metadata=marks(name, **flags))


def graded_cell(name: str) -> str:
    return f'# Graded.\n### BEGIN HIDDEN TESTS\ngrade("{NAME}", "{name}")\n### END HIDDEN TESTS'


def master() -> NotebookNode:
    """The instructor's version."""
    cells = [
        new_markdown_cell("# Walls", id="text"),
        code("given", "import torch", locked=True),
    ]
    for name, answer in ANSWERS.items():
        solution = f"### BEGIN SOLUTION\n{answer}\n### END SOLUTION"
        cells += [
            new_markdown_cell(f"## The question of {name}", id=f"text-{name}"),
            code(name, solution, solution=True),
            code(f"test-{name}", VISIBLE[name], locked=True),
            code(f"check-{name}", graded_cell(name), grade=True, locked=True, points=POINTS[name]),
        ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


@cache
def released() -> str:
    """The file that students get, as JSON."""
    notebook = master()
    for cell in notebook.cells:
        if is_hidden_check(cell):
            cell.source = before_hidden(cell.source)
    return nbformat.writes(notebook)


def submission(**sources: str) -> dict:
    """What a student hands in: every answer right, except those that are given here."""
    notebook = json.loads(released())
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if name in ANSWERS:
            cell["source"] = sources.get(name, ANSWERS[name])
    return notebook


def as_file(notebook: dict) -> bytes:
    return json.dumps(notebook, ensure_ascii=False).encode("utf-8", "surrogatepass")

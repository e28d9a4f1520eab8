"""Change a valid submission at random: its bytes, its JSON, its cells' metadata, its sources."""

import copy
import json
from collections.abc import Callable
from random import Random
from typing import Any

from tests.attacks import assignment

TEXTS = (
    "",
    " ",
    "\x00",
    "\ud800",
    "\udfff\ud800",
    "\ufeff",
    "\u202e\u2066",
    "\r\n\x0b\x0c\x85\u2028",
    "é" * 300,
    "\x1b[2J\x1b]0;x\x07",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1)) ![](//example.org/x.png)",
    "=cmd|' /C calc'!A0",
    "../../../../etc/passwd",
    "### BEGIN HIDDEN TESTS",
    "### END SOLUTION",
    'grade("walls", "mean")',
    "# YOUR CODE HERE\nraise NotImplementedError()",
    "%%javascript\nalert(1)",
    "%%bash\nexit 1",
    "!ls\n%time 1\n?x",
    "def f(:",
    "(" * 300,
    "\t  x\n y",
    "1" * 5000,
    "$$\\href{javascript:alert(1)}{x}$$",
    "<svg onload=alert(1)><![CDATA[",
    "{{ 7 * 7 }} {% raw %} ${7}",
    "check-mean",
    "mean",
)
NUMBERS = (0, -1, 1, 2**31, 2**63, 10**30, -0.0, 1e308, 0.1, True, False)
KEYS = ("cell_type", "source", "metadata", "outputs", "id", "execution_count", "attachments")
MARKS = ("grade_id", "grade", "solution", "locked", "task", "points", "schema_version", "checksum")
CELL_TYPES = ("code", "markdown", "raw", "heading", "", None, 3)


def text(rng: Random) -> str:
    """Text that something may stumble over."""
    if rng.random() < 0.7:
        return rng.choice(TEXTS)
    return "".join(chr(rng.randrange(1, 0x3000)) for _ in range(rng.randrange(30)))


def value(rng: Random, depth: int = 0) -> Any:
    """Any JSON value."""
    kind = rng.randrange(8 if depth < 3 else 5)
    if kind < 2:
        return text(rng)
    if kind == 2:
        return rng.choice(NUMBERS)
    if kind == 3:
        return None
    if kind == 4:
        return rng.choice(CELL_TYPES)
    if kind == 5:
        return [value(rng, depth + 1) for _ in range(rng.randrange(4))]
    names = [rng.choice((*KEYS, *MARKS, "nbgrader", text(rng))) for _ in range(rng.randrange(4))]
    return {name: value(rng, depth + 1) for name in names}


def place(rng: Random, tree: Any) -> tuple[Any, Any] | None:
    """A place in a JSON value, the list or object and the index or key in it; often not deep."""
    node, found = tree, None
    while isinstance(node, (list, dict)) and node and (found is None or rng.random() < 0.7):
        key = rng.randrange(len(node)) if isinstance(node, list) else rng.choice(list(node))
        node, found = node[key], (node, key)
    return found


def change_structure(rng: Random, notebook: dict) -> None:
    """Remove, replace, double, swap or nest what stands somewhere in the notebook."""
    found, second = place(rng, notebook), place(rng, notebook)
    if found is None or second is None:
        return
    (node, key), (other, name) = found, second
    kind = rng.randrange(6)
    if kind == 0:
        del node[key]
    elif kind == 1:
        node[key] = value(rng)
    elif kind == 2 and isinstance(node, list):
        node.insert(key, copy.deepcopy(node[key]))
    elif kind == 3:
        taken = copy.deepcopy(other[name])
        node[key] = taken
    elif kind == 4:
        node[key] = [node[key]] if rng.random() < 0.5 else {"cells": node[key]}
    elif isinstance(node, dict):
        node[text(rng)] = value(rng)


def change_metadata(rng: Random, notebook: dict) -> None:
    """Change what a cell says of itself."""
    cell = rng.choice(notebook["cells"])
    kind = rng.randrange(7)
    if not isinstance(cell["metadata"].setdefault("nbgrader", {}), dict):
        cell["metadata"]["nbgrader"] = {}
    marks = cell["metadata"]["nbgrader"]
    if kind == 0:
        marks["grade_id"] = rng.choice((*assignment.ANSWERS, "check-mean", "given", text(rng)))
    elif kind == 1:
        marks[rng.choice(MARKS)] = value(rng)
    elif kind == 2:
        cell["cell_type"] = rng.choice(CELL_TYPES)
    elif kind == 3:
        cell["id"] = rng.choice((*assignment.ANSWERS, "text", value(rng)))
    elif kind == 4:
        tags = ["skip-execution", "raises-exception", "added", "experiment", text(rng)]
        cell["metadata"]["tags"] = rng.sample(tags, 2)
    elif kind == 5:
        cell["metadata"] = {} if rng.random() < 0.5 else {"nbgrader": value(rng)}
    else:
        notebook["metadata"][rng.choice(("kernelspec", "language_info", text(rng)))] = value(rng)


def change_source(rng: Random, notebook: dict) -> None:
    """Change the text of a cell, or add, move, copy or drop a cell."""
    cells = notebook["cells"]
    at = rng.randrange(len(cells))
    source = as_text(cells[at]["source"])
    kind = rng.randrange(7)
    if kind == 0:
        cells[at]["source"] = text(rng)
    elif kind == 1:
        spot = rng.randrange(len(source) + 1)
        cells[at]["source"] = source[:spot] + text(rng) + source[spot:]
    elif kind == 2:
        cells[at]["source"] = source[: rng.randrange(len(source) + 1)]
    elif kind == 3:
        cells[at]["source"] = source.splitlines(keepends=True)
    elif kind == 4:
        cells.insert(rng.randrange(len(cells) + 1), cells.pop(at))
    elif kind == 5:
        cells.insert(at, copy.deepcopy(rng.choice(cells)))
    else:
        added = {"cell_type": "code", "source": text(rng), "metadata": {}, "outputs": [value(rng)]}
        cells.insert(at, added)


def as_text(source: str | list[str]) -> str:
    return "".join(source)


def change_bytes(rng: Random, data: bytes) -> bytes:
    """Change, cut, double, drop or insert some bytes of the file."""
    at = rng.randrange(len(data) + 1)
    end = min(at + rng.choice((1, 2, 10, 100, 5000)), len(data))
    kind = rng.choice((0, 0, 0, 0, 1, 2, 3, 4, 5, 6))
    if kind == 0:
        return (
            data[:at] + rng.choice((b"a", b"E", b"1", b" ", b"_", b"\\", b"\xff")) + data[at + 1 :]
        )
    if kind == 1:
        return data[:at]
    if kind == 2:
        return data[:at] + data[end:]
    if kind == 3:
        return data[:end] + data[at:]
    if kind == 4:
        return data[:at] + bytes(rng.randrange(256) for _ in range(5)) + data[at:]
    if kind == 5:
        return rng.choice((b"\xef\xbb\xbf", b"\xff\xfe", b"\x1f\x8b", b"PK\x03\x04", b"[")) + data
    return data.replace(*rng.choice(((b"{", b"["), (b'"', b"'"), (b"null", b"NaN"), (b":", b""))))


CHANGES: dict[str, Callable[[Random, dict], None]] = {
    "structure": change_structure,
    "metadata": change_metadata,
    "sources": change_source,
}
KINDS = ("bytes", *CHANGES)


def mutated(rng: Random, kind: str) -> bytes:
    """The file of a submission, right in every answer, after some changes of one kind."""
    notebook = assignment.submission()
    count = rng.choice((1, 2) if kind == "bytes" else (1, 2, 4, 8, 16))
    if kind != "bytes":
        for _ in range(count):
            CHANGES[kind](rng, notebook)
        return json.dumps(notebook).encode()
    data = assignment.as_file(notebook)
    for _ in range(count):
        data = change_bytes(rng, data)
    return data

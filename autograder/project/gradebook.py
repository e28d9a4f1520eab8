"""The rubric as an assignment of nbgrader's, so that projects share gradebook and formgrader."""

from __future__ import annotations

import copy
import functools

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder import rebuild
from autograder.pages import points
from autograder.project.rubric import Criterion, Rubric
from autograder.verify import score_outputs

KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
NOTHING = "Nothing was handed in that could be read."


def marks(name: str, **flags: object) -> dict:
    base = {"grade": False, "locked": False, "solution": False, "task": False}
    return {"nbgrader": base | {"grade_id": name, "schema_version": 3} | flags}


def master(rubric: Rubric) -> NotebookNode:
    """A notebook with a graded cell for each automatic line and an answer for each manual one."""
    cells = [new_markdown_cell(f"# {rubric.title}", id="text-title")]
    for one in rubric.criteria:
        cells.append(new_markdown_cell(levels(one), id=f"text-{one.name}"))
        if one.automatic:
            flags = marks(f"check-{one.name}", grade=True, locked=True, points=one.points)
            source = f"# Judged by `autograder project`: {one.title}"
            cells.append(new_code_cell(source, id=f"check-{one.name}", metadata=flags))
        else:
            flags = marks(one.name, grade=True, solution=True, points=one.points)
            cells.append(new_markdown_cell(NOTHING, id=one.name, metadata=flags))
    return new_notebook(cells=cells, metadata={"kernelspec": KERNEL})


def levels(one: Criterion) -> str:
    """A line of the rubric with its levels, as the formgrader shows it."""
    rows = "\n".join(f"| {points(level.points)} | {level.means} |" for level in one.levels)
    head = f"## {one.title} ({points(one.points)} points)\n\nLook at: {one.evidence}."
    return f"{head}\n\n| Points | Level |\n|---|---|\n{rows}"


def filled(notebook: NotebookNode, rows: list[dict], readable: dict[str, str]) -> NotebookNode:
    """The notebook of one project: verdicts in the graded cells, what to read in the others."""
    made = copy.deepcopy(notebook)
    by_check = {row["check"]: row for row in rows}
    released = {} if readable else rebuild.stubs(notebook)
    for cell in made.cells:
        if rebuild.is_hidden_check(cell):
            cell.outputs = nbformat.from_dict(score_outputs(by_check[rebuild.check_id(cell)]))
        elif rebuild.is_answer(cell):
            name = rebuild.mark_id(cell)
            cell.source = to_read(name, readable, rows) if readable else released[name]
    return made


def to_read(name: str, readable: dict[str, str], rows: list[dict]) -> str:
    """What a person reads beside one manual line: the report itself is the PDF."""
    lost = [r for r in rows if r["score"] < r["max_score"] or "To look at" in r["message"]]
    said = [f"{row['check']}: {row['message']}" for row in lost if row["message"]]
    parts = [f"Project: {readable['title'] or 'without a title'}", f"Line: {name}"]
    parts += [readable["abstract"], readable["sections"], *(said if name == "analysis" else [])]
    text = "\n\n".join(part for part in parts if part)
    return rebuild.printable("\n".join(f"    {line}" for line in text.split("\n")))


@functools.lru_cache(maxsize=2)
def master_text(rubric: Rubric) -> str:
    return nbformat.writes(master(rubric))

"""A submission is rebuilt from the master: whatever else is in the file cannot matter."""

import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.rebuild import (
    MISSING_NOTE,
    Unreadable,
    WrongAssignment,
    mark_id,
    stubs,
    unanswered,
)
from autograder.rebuild import (
    rebuild as rebuild_from,
)


def rebuild(master, data):
    return rebuild_from(master, data, stubs(master))


def source_of(rebuilt, name):
    return next(cell.source for cell in rebuilt.notebook.cells if mark_id(cell) == name)


def ids(notebook):
    return [cell.id for cell in notebook.cells]


def cell_of(notebook, name):
    return next(cell for cell in notebook.cells if cell.id == name)


def test_only_answers_are_taken(master, submit):
    data = submit(double="def double(x): return x", given_1="answer = 0", check_double="2.0")
    rebuilt = rebuild(master, data)
    assert source_of(rebuilt, "double") == "def double(x): return x"
    assert source_of(rebuilt, "given-1") == "import math\nanswer = 42"
    assert "HIDDEN TESTS" in source_of(rebuilt, "check-double")
    assert rebuilt.notes == []


def test_metadata_tags_and_order_cannot_matter(master, submit):
    def tamper(notebook):
        notebook.cells.reverse()
        for cell in notebook.cells:
            cell.metadata["tags"] = ["skip-execution", "raises-exception"]
            if "nbgrader" in cell.metadata:
                cell.metadata.nbgrader.update(points=100, grade=False, locked=False, solution=True)

    rebuilt = rebuild(master, submit(tamper))
    assert ids(rebuilt.notebook) == ids(master)
    assert [c.metadata for c in rebuilt.notebook.cells] == [c.metadata for c in master.cells]


def test_missing_answer_is_named(master, submit):
    rebuilt = rebuild(master, submit(lambda nb: nb.cells.remove(cell_of(nb, "mean"))))
    assert rebuilt.missing == ["mean"]
    assert MISSING_NOTE in source_of(rebuilt, "mean")


def test_missing_given_and_grade_cells_come_back(master, submit):
    def strip(notebook):
        notebook.cells = [c for c in notebook.cells if c.id in ("double", "mean", "name", "essay")]

    rebuilt = rebuild(master, submit(strip))
    assert ids(rebuilt.notebook) == ids(master)
    assert rebuilt.missing == []


@pytest.mark.parametrize("before", [True, False])
def test_of_two_copies_the_one_that_was_worked_on_counts(master, submit, before):
    def duplicate(notebook):
        spot = notebook.cells.index(cell_of(notebook, "double"))
        stub = nbformat.from_dict(dict(notebook.cells[spot], id="copy"))
        stub.source = stubs(master)["double"]
        assert "raise NotImplementedError(" in stub.source
        notebook.cells.insert(spot if before else spot + 1, stub)

    rebuilt = rebuild(master, submit(duplicate, double="def double(x): return x + x"))
    assert source_of(rebuilt, "double") == "def double(x): return x + x"
    assert rebuilt.notes == ["the answer cell 'double' is there 2 times"]
    assert ids(rebuilt.notebook) == ids(master), "an untouched copy must not run after the answer"


def test_the_halves_of_a_split_answer_both_run(master, submit):
    def split(notebook):
        spot = notebook.cells.index(cell_of(notebook, "double"))
        half = nbformat.from_dict(dict(notebook.cells[spot], id="half", source="factor = 2"))
        notebook.cells.insert(spot, half)

    rebuilt = rebuild(master, submit(split, double="def double(x): return factor * x"))
    sources = [cell.source for cell in rebuilt.notebook.cells]
    assert "factor = 2" in sources
    assert "def double(x): return factor * x" in sources


def test_retyped_answer_is_taken_as_code(master, submit):
    def retype(notebook):
        spot = notebook.cells.index(cell_of(notebook, "double"))
        old = notebook.cells[spot]
        notebook.cells[spot] = new_markdown_cell(old.source, id=old.id, metadata=old.metadata)

    rebuilt = rebuild(master, submit(retype, double="def double(x): return x"))
    cell = cell_of(rebuilt.notebook, "double")
    assert (cell.cell_type, cell.source) == ("code", "def double(x): return x")


def test_added_cells_stay_in_their_place(master, submit):
    def add(notebook):
        spot = notebook.cells.index(cell_of(notebook, "double"))
        notebook.cells.insert(spot, new_code_cell("helper = 1"))
        notebook.cells.insert(0, new_markdown_cell("my notes"))

    cells = rebuild(master, submit(add)).notebook.cells
    assert cells[0].source == "my notes"
    spot = next(i for i, c in enumerate(cells) if c.source == "helper = 1")
    assert cells[spot + 1].id == "double"
    assert len({cell.id for cell in cells}) == len(cells)


def test_copies_of_given_and_grade_cells_are_dropped(master, submit):
    def copy_cells(notebook):
        grade = cell_of(notebook, "check-double")
        notebook.cells.append(new_code_cell(grade.source))
        notebook.cells.append(new_code_cell("# Graded."))
        notebook.cells.append(nbformat.from_dict(dict(grade, id="again", source="2.0")))
        notebook.cells.append(nbformat.from_dict(dict(cell_of(notebook, "given-1"), id="more")))

    rebuilt = rebuild(master, submit(copy_cells))
    assert ids(rebuilt.notebook) == ids(master)


def test_lost_metadata_is_found_again_by_cell_id(master, submit):
    def lose(notebook):
        for cell in notebook.cells:
            cell.metadata.pop("nbgrader", None)

    rebuilt = rebuild(master, submit(lose, double="def double(x): return 7"))
    assert source_of(rebuilt, "double") == "def double(x): return 7"


def test_written_answer_is_taken(master, submit):
    assert source_of(rebuild(master, submit(essay="Because.")), "essay") == "Because."


def test_bom_old_formats_and_lists_of_lines_are_read(master, submit):
    data = json.loads(submit(double="a = 1\nb = 2"))
    for cell in data["cells"]:
        cell.pop("id")
        cell["source"] = cell["source"] if isinstance(cell["source"], list) else [cell["source"]]
    data["nbformat_minor"] = 2
    rebuilt = rebuild(master, b"\xef\xbb\xbf" + json.dumps(data).encode())
    assert source_of(rebuilt, "double") == "a = 1\nb = 2"


def test_lone_surrogates_cannot_break_a_file(master, submit):
    data = submit(double="x = 'A'").replace(b"'A'", b"'\\ud800'")
    nbformat.writes(rebuild(master, data).notebook).encode("utf-8")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"{", "not valid JSON"),
        (b"PK\x03\x04\xff", "not UTF-8"),
        (b"[]", "no list of cells"),
        (b'{"cells": 3}', "no list of cells"),
        (b'{"worksheets": 3}', "not valid"),
        (b"[" * 100_000, "nested too deep"),
    ],
)
def test_file_that_is_no_notebook_is_refused_with_its_cause(master, data, reason):
    with pytest.raises(Unreadable, match=reason):
        rebuild(master, data)


@pytest.mark.parametrize("cells", ["[]", "[3, null]", '[{"cell_type": 4, "source": {}}]'])
def test_notebook_without_any_of_our_cells_is_another_assignment(master, cells):
    with pytest.raises(WrongAssignment):
        rebuild(master, f'{{"cells": {cells}}}'.encode())


def test_notebook_of_another_assignment_is_recognized(master, submit):
    def rename(notebook):
        for cell in notebook.cells:
            cell.id = f"other-{cell.id}"
            if not mark_id(cell).startswith("given"):
                cell.metadata.pop("nbgrader", None)

    with pytest.raises(WrongAssignment):
        rebuild(master, submit(rename))


def test_unanswered_master_holds_no_solution(master):
    empty = unanswered(master).notebook
    assert "2 * x" not in nbformat.writes(empty)
    assert ids(empty) == ids(master)

"""A submission is rebuilt from the master: whatever else is in the file cannot matter."""

import json

import nbformat
import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.rebuild import (
    MAX_ATTACHED,
    MISSING_NOTE,
    Unreadable,
    WrongAssignment,
    is_answer,
    mark_id,
    stubs,
    unanswered,
)
from autograder.rebuild import (
    rebuild as rebuild_from,
)
from tests.grader.conftest import make_master


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
    assert rebuilt.notes == ["the given cell 'given-1' was changed, and ran as it was given"]


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


def test_copies_of_grade_cells_are_dropped_and_move_nothing(master, submit):
    def copy_cells(notebook):
        grade = cell_of(notebook, "check-double")
        notebook.cells.append(new_code_cell(grade.source))
        notebook.cells.append(new_code_cell("# Graded."))
        notebook.cells.append(nbformat.from_dict(dict(grade, id="again", source="2.0")))
        notebook.cells.append(new_code_cell("mean([1])"))

    rebuilt = rebuild(master, submit(copy_cells))
    assert ids(rebuilt.notebook) == [*ids(master), "extra-0"]


@pytest.mark.parametrize("source", ["import math\nanswer = 42", "answer = 43"])
def test_copy_of_a_given_cell_runs_where_the_student_put_it(master, submit, source):
    def copy_given(notebook):
        given = dict(cell_of(notebook, "given-1"), id="more", source=source)
        notebook.cells.append(nbformat.from_dict(given))

    rebuilt = rebuild(master, submit(copy_given))
    assert ids(rebuilt.notebook) == [*ids(master), "extra-0"]
    assert rebuilt.notebook.cells[-1].source == source
    assert source_of(rebuilt, "given-1") == "import math\nanswer = 42"
    assert rebuilt.notes == []


def test_cell_between_two_halves_of_an_answer_runs_between_them(master, submit):
    def split(notebook):
        spot = notebook.cells.index(cell_of(notebook, "double"))
        half = nbformat.from_dict(dict(notebook.cells[spot], id="half", source="factor = 2"))
        notebook.cells[spot:spot] = [half, new_code_cell("twice = factor")]

    rebuilt = rebuild(master, submit(split, double="def double(x, n=twice): return n * x"))
    sources = [cell.source for cell in rebuilt.notebook.cells]
    places = [sources.index(s) for s in ("factor = 2", "twice = factor")]
    assert places[0] < places[1] < ids(rebuilt.notebook).index("double")


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


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig", "utf-32"])
def test_every_encoding_of_json_is_read(master, submit, encoding):
    data = submit(double="x = 'ä'").decode().encode(encoding)
    assert source_of(rebuild(master, data), "double") == "x = 'ä'"


def test_notebooks_of_format_3_are_read(master, submit):
    cells = json.loads(submit(double="a = 1"))["cells"]
    for cell in cells:
        cell.pop("id")
        if cell["cell_type"] == "code":
            cell["input"] = cell.pop("source")
    data = {"nbformat": 3, "worksheets": [{"cells": cells[:5]}, {"cells": cells[5:]}]}
    assert source_of(rebuild(master, json.dumps(data).encode()), "double") == "a = 1"


def test_numbers_of_any_size_and_no_numbers_are_read(master, submit):
    odd = b'{"huge": ' + b"9" * 5000 + b', "nan": NaN, "more": [-Infinity, 1e999],'
    data = odd + submit(double="a = 1").removeprefix(b"{")
    assert source_of(rebuild(master, data), "double") == "a = 1"


@pytest.mark.parametrize("written", [b"'\\ud800'", b"'\xed\xa0\x80'"])
def test_lone_surrogates_cannot_break_a_file(master, submit, written):
    data = submit(double="x = 'A'").replace(b"'A'", written)
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
        (b'{"worksheets": 3}', "no list of cells"),
        (b'{"worksheets": [3, {"cells": 4}], "cells": "all"}', "no list of cells"),
        (b"[" * 100_000, "nested too deep"),
        (b"\x00" * 100, "not valid JSON"),
        ('{"cells": ["ä"]}'.encode("latin-1"), "not UTF-8"),
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


PICTURE = {"image/png": "iVBORw0KGgo=\n"}


def with_attachments(attachments):
    def edit(notebook):
        cell_of(notebook, "essay").attachments = attachments

    return edit


def test_picture_attached_to_a_written_answer_is_kept(master, submit):
    data = submit(with_attachments({"plot.png": PICTURE}), essay="![](attachment:plot.png)")
    rebuilt = rebuild(master, data)
    assert cell_of(rebuilt.notebook, "essay").attachments == {"plot.png": PICTURE}
    nbformat.validate(rebuilt.notebook)
    assert rebuilt.notes == []


@pytest.mark.parametrize(
    "attachments",
    [
        {"x.svg": {"image/svg+xml": "<svg onload='alert(1)'/>"}},
        {"x.html": {"text/html": "PGI+"}},
        {"x.png": {"image/png": "' onerror='alert(1)"}},
        {"x.png": {"image/png": {"deep": 1}}},
        {"x.png": 7},
        {"x.png": {"image/png": "A" * (MAX_ATTACHED + 1)}},
    ],
)
def test_attachment_that_is_no_picture_or_too_large_is_left_out_and_said(
    master, submit, attachments
):
    data = json.loads(submit(essay="See below."))
    next(c for c in data["cells"] if c["id"] == "essay")["attachments"] = attachments
    rebuilt = rebuild(master, json.dumps(data).encode())
    assert "attachments" not in cell_of(rebuilt.notebook, "essay")
    assert source_of(rebuilt, "essay") == "See below."
    assert any("attached to 'essay' was left out" in note for note in rebuilt.notes)


@pytest.mark.parametrize(
    "text",
    [
        "![x](attachment:gone.png)",
        "![x](<attachment:gone.png>)",
        "![x](attachment\\:gone.png)",
        "![x][r]\n\n[r]: attachment:gone.png",
        "![x](attachment:)",
        "![a ![b](attachment:gone.png)](attachment:there.png)",
        "![x](attachment:there.png#more)",
        "![x](attachment:thére.png)",
        "see attachment: ![x](there.png)",
    ],
)
def test_reference_to_a_picture_that_is_not_there_cannot_stop_nbgrader(master, submit, text):
    def edit(notebook):
        notebook.cells.append(new_markdown_cell(text))
        cell_of(notebook, "essay").attachments = {"there.png": PICTURE, "thére.png": PICTURE}

    notebook = rebuild(master, submit(edit, essay=text)).notebook
    HTMLExporter().from_notebook_node(notebook)


def test_added_text_keeps_its_picture(master, submit):
    def edit(notebook):
        added = new_markdown_cell("![x](attachment:plot.png)", attachments={"plot.png": PICTURE})
        notebook.cells.append(added)

    extra = rebuild(master, submit(edit)).notebook.cells[-1]
    assert (extra.source, extra.attachments) == (
        "![x](attachment:plot.png)",
        {"plot.png": PICTURE},
    )


def cells_json(count, cell="{}"):
    return b'{"cells": [' + b",".join([cell.encode()] * count) + b"]}"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (cells_json(200_000), "200000 cells, more than 10000"),
        (cells_json(3, json.dumps({"source": "x" * 4_000_000})), "more than 10 MB of text"),
        (b'{"cells": [' + b"{}," * 1_000_001 + b"{}]}", "too many parts"),
        (b"[" + b"1," * 5_000_001 + b"1]", "too many parts"),
    ],
)
def test_notebook_that_would_fill_the_memory_is_refused_with_its_cause(master, data, reason):
    with pytest.raises(Unreadable, match=reason):
        rebuild(master, data)


# ---------------------------------------------------------------- whatever is submitted

MASTER = make_master()
STUBS = stubs(MASTER)
NAMES = [mark_id(cell) for cell in MASTER.cells if mark_id(cell)] + [c.id for c in MASTER.cells]
SOURCES = [cell.source for cell in MASTER.cells] + list(STUBS.values())

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=8,
)
sources = st.sampled_from(SOURCES) | st.text(max_size=12) | st.lists(anything, max_size=3)
marks = st.fixed_dictionaries({}, optional={"grade_id": st.sampled_from(NAMES) | anything})
cells = anything | st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.sampled_from(["code", "markdown", "raw"]) | anything,
        "id": st.sampled_from(NAMES) | anything,
        "source": sources | anything,
        "metadata": st.fixed_dictionaries({}, optional={"nbgrader": marks | anything}) | anything,
        "attachments": anything,
    },
)
notebooks = st.fixed_dictionaries({"cells": st.lists(cells, max_size=12)}) | anything


def untouchable(notebook):
    """The cells that are the instructor's: given ones and checks, whole."""
    ours = [cell for cell in notebook.cells if "added" not in cell.metadata.get("tags", [])]
    return [cell for cell in ours if not is_answer(cell)]


def assert_canonical(rebuilt):
    assert untouchable(rebuilt.notebook) == untouchable(MASTER)
    answers = [cell for cell in rebuilt.notebook.cells if is_answer(cell)]
    expected = [cell for cell in MASTER.cells if is_answer(cell)]
    assert [(c.id, c.cell_type, c.metadata) for c in answers] == [
        (c.id, c.cell_type, c.metadata) for c in expected
    ]
    assert len(set(ids(rebuilt.notebook))) == len(rebuilt.notebook.cells)
    nbformat.validate(rebuilt.notebook)
    nbformat.writes(rebuilt.notebook).encode()


def outcome_of(data):
    try:
        assert_canonical(rebuild_from(MASTER, data, STUBS))
    except (Unreadable, WrongAssignment) as refusal:
        return type(refusal).__name__
    return "rebuilt"


@given(notebooks)
def test_any_json_is_rebuilt_or_refused_and_never_changes_what_is_given(content):
    event(outcome_of(json.dumps(content).encode()))


@given(st.lists(cells, max_size=6), st.randoms())
def test_our_own_cells_among_any_others_are_always_rebuilt(added, rng):
    mixed = [*json.loads(nbformat.writes(MASTER))["cells"], *added]
    rng.shuffle(mixed)
    assert outcome_of(json.dumps({"cells": mixed}).encode()) == "rebuilt"


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(data):
    assert outcome_of(data) in ("Unreadable", "WrongAssignment")


@given(
    st.lists(
        st.tuples(
            st.integers(0), st.text(st.characters(max_codepoint=127), min_size=1, max_size=3)
        ),
        max_size=5,
    )
)
def test_damaged_notebook_is_rebuilt_or_refused(edits):
    data = bytearray(nbformat.writes(MASTER).encode())
    for place, change in edits:
        start = place % len(data)
        data[start : start + len(change)] = change.encode()
    event(outcome_of(bytes(data)))

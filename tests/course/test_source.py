"""The reader of assignment sources: what it makes of a good one, and how it refuses the others."""

import nbformat
import pytest

from autograder import source

# What is changed into what, and the line (as its text begins) that the error must point to.
MISTAKES = {
    "a mistyped marker": ("### BEGIN SOLUTION\n    r", "### BEGIN SOLUTON\n    r", "    ### BEGIN"),
    "a marker with one sharp": ("    ### END SOLUTION", "    # END SOLUTION", "    # END"),
    "a marker in small letters": (
        "### BEGIN SOLUTION\n    r",
        "### begin solution\n    r",
        "    ##",
    ),
    "a marker behind code": ("number + number\n", "number  ### END SOLUTION\n", "    return"),
    "a marker of another tool": ("    return", "    # to remove SOLUTION\n    return", "    # to"),
    "a hidden test by hand": ("expect.eq", "### BEGIN HIDDEN TESTS\nexpect.eq", "### BEGIN HID"),
    "an unknown option": (":solution: double", ":solutions: double", ":solutions:"),
    "an option that is no id": (":solution: double", ":solution: Double it", ":solution:"),
    "a mistyped option": (":visible: double", ":visibel: double", ":visibel:"),
    "another tag": ("[experiment]", "[experiments]", ":tags:"),
    "a tag that is no list": ("[experiment]", "experiment", ":tags:"),
    "two options": (":grade: double", ":grade: double\n:tags: [experiment]", ":grade:"),
    "an option below the code": ("    return", ":solution: other\n    return", ":solution: other"),
    "another kind of cell": (
        "{code-cell} ipython3\n:vis",
        "{codecell} ipython3\n:vis",
        "```{codecell",
    ),
    "a cell in another language": (
        "{code-cell} ipython3\nfrom",
        "{code-cell} python\nfrom",
        "```{code",
    ),
    "a block with two signs": ('+++ {"wri', '++ {"wri', "++ {"),
    "a block with other keys": ('"points": 3', '"point": 3', "+++ {"),
    "a block without points": (', "points": 3', "", "+++ {"),
    "a block worth nothing": ('"points": 3', '"points": 0', "+++ {"),
    "code that is no Python": ("number + number", "number +", "    return"),
    "a magic": ("from featherweight", "%matplotlib inline\nfrom featherweight", "%matplotlib"),
    "a check that does not exist": (":grade: double", ":grade: triple", ":grade:"),
    "a graded cell with more in it": ('grade("double")', 'grade("double")\n1', 'grade("'),
    "a graded cell of another check": ('grade("double")', 'grade("triple")', 'grade("'),
    "a test of another solution": (":visible: double", ":visible: triple", ":visible:"),
    "a solution without its begin": ("    ### BEGIN SOLUTION\n", "", "    ### END"),
    "an end that is missing": ("    ### END SOLUTION\n", "", ":solution:"),
    "a solution in given code": (
        "from featherweight",
        "### BEGIN SOLUTION\n1\n### END SOLUTION\nfrom featherweight",
        "### BEGIN SOLUTION",
    ),
    "another format": ("format_name: myst", "format_name: light", "---"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_refused_with_file_and_line(name, tiny):
    before, after, beginning = MISTAKES[name]
    assert before in tiny.text
    changed = tiny.text.replace(before, after, 1)
    tiny.path.write_text(changed)
    line = next(n for n, t in enumerate(changed.split("\n"), 1) if t.startswith(beginning))
    with pytest.raises(source.SourceError) as refused:
        source.read(tiny.path, tiny.checks)
    assert str(refused.value).startswith(f"{tiny.path}:{line}: "), refused.value


def test_an_empty_solution_is_refused(tiny):
    text = tiny.text.replace("    return number + number\n", "")
    tiny.path.write_text(text)
    with pytest.raises(source.SourceError, match="nothing between"):
        source.read(tiny.path, tiny.checks)


def without(text, option):
    """The text without the code cell that has this option."""
    start = text.index("```{code-cell} ipython3\n" + option)
    return text[:start] + text[text.index("```\n", start + 5) + 4 :]


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        (":visible: double", "not followed by its ':visible:' cell"),
        (":grade: double", "not followed by its ':grade:' cell"),
        (":solution: double", "directly follows its solution"),
    ],
)
def test_a_missing_cell_is_refused(option, sentence, tiny):
    tiny.path.write_text(without(tiny.text, option))
    with pytest.raises(source.SourceError, match=sentence):
        source.read(tiny.path, tiny.checks)


def test_a_check_without_a_graded_cell_is_refused(tiny):
    checks = tiny.checks | {"forgotten": tiny.checks["double"]}
    with pytest.raises(source.SourceError, match="no graded cell for the checks forgotten"):
        source.read(tiny.path, checks)


def test_an_id_that_stands_twice_is_refused(tiny):
    tiny.path.write_text(tiny.text.replace('"written": "why"', '"written": "double"'))
    with pytest.raises(source.SourceError, match=r"the id 'double' stands in line \d+ too"):
        source.read(tiny.path, tiny.checks)


RULES = (
    "featherweight:\n  unavailable: [statistics.mean]\n  forbidden: [torch.nn.utils.prune]\n---\n\n"
)
TOLD = "`statistics.mean` is absent, and so should be `torch.nn.utils.prune`.\n\n"


def rules_of(tiny, front, told, monkeypatch):
    tiny.path.write_text(tiny.text.replace("---\n\n#", front + told + "#", 1))
    monkeypatch.setattr(source, "path_of", lambda assignment: tiny.path)
    return source.settings("tiny")


def test_the_front_matter_says_what_is_ruled_out(tiny, monkeypatch):
    assert rules_of(tiny, RULES, TOLD, monkeypatch) == {
        "unavailable": ("statistics.mean",),
        "forbidden": ("torch.nn.utils.prune",),
    }
    assert rules_of(tiny, "---\n\n", "", monkeypatch) == {"unavailable": (), "forbidden": ()}
    source.read(tiny.path, tiny.checks)


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("unavailable:", "unavailble:", "holds only unavailable and forbidden"),
        ("[statistics.mean]", "statistics.mean", "'unavailable' is a list of dotted names"),
        ("[statistics.mean]", "[a b]", "'unavailable' is a list of dotted names"),
        ("`statistics.mean`", "statistics.mean", "must tell students of 'statistics.mean'"),
        ("`torch.nn.utils.prune`", "pruning", "must tell students of 'torch.nn.utils.prune'"),
    ],
)
def test_a_rule_that_is_mistyped_or_not_told_is_refused(before, after, sentence, tiny, monkeypatch):
    front, told = RULES.replace(before, after), TOLD.replace(before, after)
    with pytest.raises(source.SourceError, match=sentence) as refused:
        rules_of(tiny, front, told, monkeypatch)
    assert str(refused.value).startswith(f"{tiny.path}:10: ")
    with pytest.raises(source.SourceError, match=sentence):
        source.read(tiny.path, tiny.checks)


def test_cells_get_roles_and_the_ids_of_nbgrader(tiny):
    cells = source.read(tiny.path, tiny.checks).cells
    assert [(cell.id, source.role(cell)) for cell in cells] == [
        ("text-1", "text"),
        ("given-1", "given"),
        ("double", "solution"),
        ("test-double", "visible"),
        ("check-double", "grade"),
        ("why", "written"),
        ("text-2", "text"),
        ("given-2", "experiment"),
    ]
    assert all(source.grade_id(cell) in (cell.id, "") for cell in cells)


def test_points_come_from_the_registry(tiny):
    cells = {cell.id: cell for cell in source.read(tiny.path, tiny.checks).cells}
    assert cells["check-double"].metadata.nbgrader.points == 2
    assert cells["why"].metadata.nbgrader.points == 3


def test_the_notebook_is_valid_and_the_same_each_time(tiny):
    first, second = (source.read(tiny.path, tiny.checks) for _ in range(2))
    nbformat.validate(first)
    assert nbformat.writes(first) == nbformat.writes(second)


def test_code_in_prose_stays_prose(tiny):
    text = source.read(tiny.path, tiny.checks).cells[0]
    assert "double(4)  # this block is no cell" in text.source


def test_the_empty_notebook_holds_signature_and_docstring_but_no_solution(tiny):
    notebook = source.read(tiny.path, tiny.checks)
    cells = {cell.id: cell.source for cell in source.emptied(notebook).cells}
    assert cells["double"] == (
        'def double(number):\n    """Twice the number."""\n    # YOUR CODE HERE\n'
        '    raise NotImplementedError("There is no answer yet: write it in place of this line.")'
    )
    assert cells["why"] == "YOUR ANSWER HERE"
    assert "number + number" in notebook.cells[2].source


def test_the_solution_lines_are_those_between_the_markers(tiny):
    cell = source.read(tiny.path, tiny.checks).cells[2]
    assert source.solution_lines(cell) == ["    return number + number"]


def test_an_unknown_assignment_names_those_that_exist():
    with pytest.raises(source.UnknownAssignment, match=r"no assignment 'a77'.*a0-measuring"):
        source.require("a77")

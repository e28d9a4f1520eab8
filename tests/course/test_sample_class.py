"""The sample class: made of nothing but the sources, the same each time, with every mishap."""

import json
import re
from datetime import datetime

import nbformat
import pytest

from autograder import sample_class, source

NAME = "a0-measuring"
KINDS = [kind for kind, _ in sample_class.STUDENTS]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    sample_class.make(NAME, folder)
    return folder


def home(folder, kind):
    return folder / f"student-{KINDS.index(kind) + 1:02}"


def text(folder, kind):
    return (home(folder, kind) / NAME / f"{NAME}.ipynb").read_text()


def sources(folder, kind):
    """The sources of a submitted notebook's cells by id."""
    cells = json.loads(text(folder, kind))["cells"]
    return {cell["id"]: "".join(cell["source"]) for cell in cells}


def test_a_dozen_or_more_students_without_names(made):
    assert len(KINDS) >= 12
    students = sorted(path.name for path in made.iterdir())
    assert students == [f"student-{n:02}" for n in range(1, len(KINDS) + 1)]
    assert all(re.fullmatch(r"student-\d\d", name) for name in students)


def test_the_same_sources_give_the_same_class(made, tmp_path):
    sample_class.make(NAME, tmp_path)
    sample_class.make(NAME, tmp_path)

    def contents(folder):
        return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}

    assert contents(made) == contents(tmp_path)


def test_full_marks_hold_the_reference_and_the_empty_one_the_release(made):
    reference = sources(made, "full marks")
    for cell in source.master(NAME).cells:
        if source.role(cell) == "solution":
            assert "\n".join(source.solution_lines(cell)) in reference[cell.id]
    released = source.ROOT / "assignments" / NAME / f"{NAME}.ipynb"
    assert text(made, "nothing filled in") == released.read_text()


def test_no_submission_shows_how_it_was_made(made):
    for path in made.rglob("*.ipynb"):
        content = path.read_text()
        assert "SOLUTION" not in content
        assert "HIDDEN" not in content
        assert "# Different:" not in content


def test_drawn_answers_differ_between_students(made):
    drawn = [text(made, kind) for kind in ("mostly right", "half right", "mostly wrong")]
    assert len(set(drawn)) == 3


def test_mishaps_are_what_they_are_called(made):
    with pytest.raises(SyntaxError):
        compile(sources(made, "a syntax error")["parameters"], "cell", "exec")
    assert "while True:" in text(made, "an endless loop")
    assert "sys.exit" in text(made, "ends the process")
    assert "file=sys.stderr" in text(made, "prints on stderr")
    assert "check-parameters" not in sources(made, "a graded cell deleted")
    with pytest.raises(json.JSONDecodeError):
        json.loads(text(made, "a broken file"))
    assert list(home(made, "nothing handed in").iterdir()) == []


def test_the_repeated_cell_has_the_id_of_the_one_that_counts(made):
    cells = json.loads(text(made, "a solution cell twice"))["cells"]
    ids = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in cells]
    assert ids.count("densities") == 2
    assert len([cell["id"] for cell in cells]) - len({cell["id"] for cell in cells}) == 1


def test_the_wrong_file_name_is_the_only_notebook(made):
    inside = [path.name for path in (home(made, "another file name") / NAME).glob("*.ipynb")]
    assert inside == [f"{NAME}-final (1).ipynb"]


def test_timestamps_read_as_nbgrader_reads_them_and_one_is_late(made):
    def handed_in(kind):
        written = (home(made, kind) / NAME / "timestamp.txt").read_text().strip()
        return datetime.strptime(written, "%Y-%m-%d %H:%M:%S.%f UTC")

    due = sample_class.DUE.replace(tzinfo=None)
    assert handed_in("full marks") < due < handed_in("two days late")


def test_complete_notebooks_are_valid(made):
    for kind in ("full marks", "mostly wrong", "two days late"):
        nbformat.validate(nbformat.reads(text(made, kind), as_version=4))


def test_an_assignment_that_is_not_released_is_reported(monkeypatch, tmp_path):
    monkeypatch.setattr(sample_class, "RELEASED", tmp_path)
    with pytest.raises(sample_class.SampleError, match="run 'autograder release' first"):
        sample_class.make(NAME, tmp_path / "class")

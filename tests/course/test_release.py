"""The release: made by nbgrader, the same each time, without solutions, usable by nbgrader."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_output

from autograder import release, source
from autograder.stock import grade

ASSIGNMENTS = source.assignments()
ROOT = source.ROOT


def released(assignment):
    return nbformat.read(release.RELEASED / assignment / f"{assignment}.ipynb", as_version=4)


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """A release of all assignments, made apart from the course's folders."""
    return generate(ASSIGNMENTS, tmp_path_factory.mktemp("release"))


def generate(assignments, work):
    database = f"sqlite:///{work / 'gradebook.db'}"
    for assignment in assignments:
        notebook = source.master(assignment)
        release._write_source(assignment, notebook, work / "source" / assignment)
        release._generate(assignment, work / "source", work / "release", database)
    return work / "release"


def test_the_committed_release_is_what_the_sources_give(generated):
    for assignment in ASSIGNMENTS:
        folder = release.RELEASED / assignment
        assert release._differences(generated / assignment, folder) == []


def test_releasing_again_gives_the_same_bytes(generated, tmp_path):
    name = ASSIGNMENTS[0]
    again = generate([name], tmp_path)
    assert release._differences(generated / name, again / name) == []


def test_a_changed_missing_or_extra_file_is_named(generated, tmp_path):
    folder = tmp_path / ASSIGNMENTS[0]
    shutil.copytree(generated / ASSIGNMENTS[0], folder)
    notebook = folder / f"{ASSIGNMENTS[0]}.ipynb"
    notebook.write_text(notebook.read_text() + " ")
    (folder / "stray.txt").write_text("x")
    found = release._differences(generated / ASSIGNMENTS[0], folder)
    assert sorted(found) == [notebook, folder / "stray.txt"]
    assert sorted(release._replace_folder(generated / ASSIGNMENTS[0], folder)) == sorted(found)
    assert release._differences(generated / ASSIGNMENTS[0], folder) == []


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_release_holds_no_solution_and_no_hidden_test(assignment):
    text = "\n".join(cell.source for cell in released(assignment).cells)
    assert "SOLUTION" not in text
    assert "HIDDEN" not in text
    assert "autograder" not in text
    for cell in source.master(assignment).cells:
        if source.role(cell) == "solution":
            body = "\n".join(source.solution_lines(cell))
            assert body not in text, source.grade_id(cell)


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_students_keep_signatures_tests_and_the_order_of_cells(assignment):
    master, student = source.master(assignment).cells, released(assignment).cells
    assert [cell.id for cell in student] == [cell.id for cell in master]
    for cell in student:
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("solution") and cell.cell_type == "code":
            assert "raise NotImplementedError(" in cell.source
            assert '"""' in cell.source, f"{cell.id} has no docstring"
        if cell.id.startswith(("given-", "test-", "check-")):
            assert marks["locked"]


# ---------------------------------------------------------------- stock nbgrader

REFERENCE = {
    source.grade_id(cell): cell.source
    for cell in source.master("a0-measuring").cells
    if source.role(cell) in ("solution", "given")
}


def cell_with_result(value):
    output = new_output("execute_result", {"text/plain": repr(value)}, execution_count=1)
    marks = {"grade": True, "solution": False, "locked": True, "points": 2.0, "grade_id": "c"}
    return new_code_cell(outputs=[output], metadata={"nbgrader": marks})


def namespace(**changed):
    names = {}
    for code in (REFERENCE | changed).values():
        exec(code, names)
    return names


def test_nbgrader_records_what_the_hidden_line_returns(capsys):
    from nbgrader.utils import determine_grade

    half = "def densities(model):\n    return 0.5, 0.5\n"
    for changed, expected in (({}, 2.0), ({"densities": half}, 0.0)):
        score = grade("a0-measuring", "densities", namespace(**changed))
        assert type(score) is float
        assert determine_grade(cell_with_result(score)) == (expected, 2.0)
    said = capsys.readouterr()
    assert "unprotected" in said.out
    assert said.err == ""


def test_the_hidden_line_gives_partial_credit():
    ratio_only = (
        "import statistics\n\n"
        "def speedup(before, after, num_warmup):\n"
        "    middle = statistics.median\n"
        "    return middle(before[num_warmup:]) / middle(after[num_warmup:]), None\n"
    )
    assert grade("a0-measuring", "speedup", namespace(speedup=ratio_only)) == 1.0


def test_a_missing_answer_scores_zero_without_an_error():
    assert grade("a0-measuring", "densities", {}) == 0.0


def test_a_warning_on_stderr_costs_nothing(capsys):
    noisy = "import sys\nprint('a warning', file=sys.stderr)\n" + REFERENCE["break-even"]
    noisy = noisy.replace("    reading,", "    print('again', file=sys.stderr)\n    reading,")
    names = namespace(**{"break-even": noisy})
    capsys.readouterr()
    assert grade("a0-measuring", "break-even", names) == 2.0
    assert capsys.readouterr().err == ""


@pytest.mark.slow
def test_stock_nbgrader_grades_a_submission_with_partial_credit(tmp_path):
    """generate_assignment, autograde, generate_feedback and export, as nbgrader ships them."""
    name = "a0-measuring"
    shutil.copy(source.CONFIG, tmp_path)
    release._write_source(name, source.master(name), tmp_path / "_build" / "source" / name)
    (tmp_path / "course").mkdir()
    stock(tmp_path, "generate_assignment", name)
    submitted = tmp_path / "course" / "submitted" / "student-01" / name
    notebook = nbformat.read(tmp_path / "assignments" / name / f"{name}.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.id in ("parameters", "densities", "conv-macs"):
            cell.source = REFERENCE[cell.id]
    groups = "layer.out_channels * layer.in_channels // layer.groups"
    conv = next(cell for cell in notebook.cells if cell.id == "conv-macs")
    assert groups in conv.source
    conv.source = conv.source.replace(groups, "layer.out_channels * layer.in_channels")
    source.write(notebook, submitted / f"{name}.ipynb")
    stock(tmp_path, "autograde", name)
    stock(tmp_path, "generate_feedback", name)
    stock(tmp_path, "export")
    rows = list(csv.DictReader((tmp_path / "grades.csv").open()))
    assert [(row["student_id"], float(row["score"])) for row in rows] == [("student-01", 6.0)]
    feedback = tmp_path / "course" / "feedback" / "student-01" / name / f"{name}.html"
    assert "conv-macs: 2 of 3 points" in feedback.read_text()


def stock(folder: Path, *words: str) -> None:
    nbgrader = Path(sys.executable).parent / "nbgrader"
    ended = subprocess.run(
        [nbgrader, *words], cwd=folder, capture_output=True, text=True, check=False, timeout=300
    )
    assert ended.returncode == 0, ended.stderr[-3000:]


def test_stock_nbgrader_finds_the_course_where_the_release_put_it():
    config = source.nbgrader_config().CourseDirectory
    assert ROOT / config.source_directory == release.BUILT
    assert ROOT / config.release_directory == release.RELEASED
    assert config.db_url == f"sqlite:///{ROOT / 'course' / 'gradebook.db'}"
    assert json.dumps(config)

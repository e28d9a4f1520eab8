"""One style for all code and text: packages, tests and the code in notebooks."""

import ast
import difflib
import re
import statistics
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest

from tests.house.format_notebooks import format_notebook
from tests.house.sources import ROOT, code_cells, files, notebook_sources, texts

MEDIAN_CELL_LINES = 12
FUNCTION_LINES = 15

# A cell shows a value by naming it, an exported one imports what it needs, prose comes between.
NOTEBOOK_IGNORES = "B018,D100,E402,F811,I001"
VAGUE_NAMES = {"utils", "util", "misc", "helpers", "helper", "common", "stuff"}

# Joined here, so that this file does not find itself.
UNFINISHED = ("TO" + "DO", "FIX" + "ME", "X" + "XX", "Lorem " + "ipsum")
REGISTRIES = ("pyp" + "i.org", "python" + "hosted", "npm" + "js.", "deb.debi" + "an")
MACHINE_PATHS = ("/wo" + "rk/", "/ro" + "ot/", "/far" + "m/", "/ho" + "me/")
BRITISH = re.compile(
    r"\b(colour\w*|behaviour\w*|neighbour\w*|favour\w*|grey|centre[ds]?"
    r"|(?:quanti|optimi|normali|regulari|visuali|initiali|generali|summari|recogni|minimi|maximi"
    r"|organi|parameteri|penali|randomi|memori|locali|utili)s(?:e|ed|es|ing|ation)"
    r"|analys(?:e|ed|es|ing)|modell(?:ed|ing)|labell(?:ed|ing)|artefacts?)\b",
    re.IGNORECASE,
)
EMOJI = re.compile("[\U0001f300-\U0001faff\u2705\u274c\u26a0\u2b50\u2728]")


def ruff(*arguments, cwd=ROOT):
    """Run ruff with the project's configuration."""
    command = [sys.executable, "-m", "ruff", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory):
    """The code of chapters and assignments as notebooks, which ruff reads cell by cell."""
    folder = tmp_path_factory.mktemp("notebooks")
    for path in notebook_sources():
        target = (folder / path).with_suffix(".ipynb")
        target.parent.mkdir(parents=True, exist_ok=True)
        jupytext.write(jupytext.read(ROOT / path), target)
    return folder


def test_packages_and_tests_are_formatted():
    done = ruff("format", "--check", "--diff", ".")
    assert done.returncode == 0, done.stdout


def test_packages_and_tests_are_lint_clean():
    done = ruff("check", "--output-format", "concise", ".")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", notebook_sources(), ids=str)
def test_code_in_a_notebook_is_formatted(path):
    lines = (ROOT / path).read_text().splitlines()
    difference = difflib.unified_diff(lines, format_notebook(path).splitlines(), n=1)
    assert list(difference) == [], "run `make format`"


def test_code_in_notebooks_is_lint_clean(notebooks):
    given = ("--config", 'builtins = ["grade"]')
    configuration = ("--config", ROOT / "pyproject.toml", "--extend-ignore", NOTEBOOK_IGNORES)
    done = ruff("check", "--output-format", "concise", *configuration, *given, ".", cwd=notebooks)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", notebook_sources(), ids=str)
def test_cells_of_a_notebook_are_short(path):
    cells = code_cells(path)
    assert statistics.median(cell.lines for cell in cells) <= MEDIAN_CELL_LINES


def test_functions_in_chapters_are_short():
    chapters = [path for path in notebook_sources() if path.parts[0] == "book"]
    long = [
        f"{cell}: {function.name} has {function.lines} lines"
        for path in chapters
        for cell in code_cells(path)
        for function in cell.functions
        if function.lines > FUNCTION_LINES
    ]
    assert long == []


def test_there_are_notebooks_to_look_at():
    assert {path.parts[0] for path in notebook_sources()} == {"book", "solutions"}


def python_files() -> list[Path]:
    """Every module; a mutant is a cell, not a module."""
    return [path for path in files() if path.suffix == ".py" and "mutants" not in path.parts]


def test_each_module_starts_with_a_docstring():
    without = [
        str(path)
        for path in python_files()
        if not ast.get_docstring(ast.parse((ROOT / path).read_text()))
    ]
    assert without == []


def test_no_module_has_a_vague_name():
    assert [str(path) for path in files() if VAGUE_NAMES & {*path.parts, path.stem}] == []


@pytest.mark.parametrize("words", [UNFINISHED, REGISTRIES, MACHINE_PATHS], ids=" ".join)
def test_no_text_holds(words):
    lock = Path("requirements.lock")
    found = [
        f"{path}: {word}"
        for path, text in texts().items()
        for word in words
        if path != lock and word in text
    ]
    assert found == []


def test_spelling_is_american():
    verbatim = {Path("book/references.bib")}
    found = [
        f"{path}: {match.group()}"
        for path, text in texts().items()
        if path not in verbatim and path.suffix in (".md", ".py", ".ipynb", ".cff", "")
        for match in BRITISH.finditer(text)
        if "LICENSE" not in path.name and path != Path(__file__).relative_to(ROOT)
    ]
    assert found == []


def test_no_text_has_an_emoji():
    found = [str(path) for path, text in texts().items() if EMOJI.search(text)]
    assert found == []


def test_types_hold():
    done = subprocess.run(
        [sys.executable, "-m", "mypy"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout

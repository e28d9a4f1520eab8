"""Read an assignment's text source strictly and turn it into nbgrader's source notebook.

An assignment is written once, as MyST text in `solutions/<assignment>/<assignment>.md`. Its code
cells carry at most one option line:

    :solution: <id>          what students write stands between BEGIN SOLUTION and END SOLUTION
    :visible: <id>           the visible test of that solution, read-only
    :grade: <check-id>       a graded cell; its only line is grade("<check-id>")
    :tags: [experiment]      given code that only shows something; the audit skips it

A markdown block that begins with `+++ {"written": "<id>", "points": n}` is an answer in prose,
graded by hand. Whatever else looks like a marker is an error with file and line: one mistyped
marker is enough to publish an answer.

What an assignment rules out stands in the front matter, and the text must name it to students:

    featherweight:
      unavailable: [featherweight.techniques.magnitude_pruning]   # absent when it is graded
      forbidden: [torch.nn.utils.prune]                           # flagged for the instructor
"""

import ast
import copy
import difflib
import json
import os
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from traitlets.config import Config, PyFileConfigLoader

ROOT = Path(__file__).resolve().parent.parent
SOLUTIONS = ROOT / "solutions"
CONFIG = ROOT / "nbgrader_config.py"

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
MARKERS = ("begin solution", "end solution", "begin hidden tests", "end hidden tests")
OPTIONS = ("solution", "visible", "grade", "tags")
IDENTIFIER = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
RESERVED = ("given-", "text-")
RULES = ("unavailable", "forbidden")
DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


class SourceError(ValueError):
    """A mistake in an assignment's source, with its file and line."""

    def __init__(self, path: Path, line: int, sentence: str):
        self.path, self.line, self.sentence = path, line, sentence
        super().__init__(f"{_relative(path)}:{line}: {sentence}")


class UnknownAssignment(LookupError):
    """An assignment that has no folder in `solutions/`."""

    def __init__(self, name: str, known: list[str]):
        listed = ", ".join(known) or "none yet"
        super().__init__(f"There is no assignment '{name}'. Those in solutions/ are: {listed}.")


def assignments(folder: Path = SOLUTIONS) -> list[str]:
    """List every assignment: each folder of `solutions/` that holds a source of its own name."""
    return sorted(p.parent.name for p in folder.glob("*/*.md") if p.stem == p.parent.name)


def require(name: str) -> str:
    """Return `name` if it is an assignment, and say which there are if it is not."""
    if name not in (known := assignments()):
        raise UnknownAssignment(name, known)
    return name


def chosen(names: list[str]) -> list[str]:
    """Return the named assignments, each of them existing, or all of them when none is named."""
    return [require(name) for name in dict.fromkeys(names)] or assignments()


def path_of(assignment: str) -> Path:
    """Return the path of an assignment's text source."""
    return SOLUTIONS / require(assignment) / f"{assignment}.md"


def settings(assignment: str) -> dict[str, tuple[str, ...]]:
    """Return what an assignment rules out, by dotted name.

    `unavailable` are modules that are absent when a notebook is graded, with all that is inside
    them; `forbidden` are modules and functions whose use is flagged for the instructor.
    """
    path = path_of(assignment)
    return _rules(path, path.read_text(encoding="utf-8"))


def fixtures(assignment: str) -> list[Path]:
    """List the files beside an assignment's source: they travel with every copy of it."""
    folder = SOLUTIONS / require(assignment)
    found = (p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    return sorted(p for p in found if p != path_of(assignment) and not p.name.startswith("."))


def master(assignment: str) -> NotebookNode:
    """Return the instructor's notebook: solutions, visible tests and hidden graded cells."""
    from autograder.check import registry

    return read(path_of(assignment), registry(assignment))


def emptied(notebook: NotebookNode) -> NotebookNode:
    """Return a copy with every solution replaced by nbgrader's stub, as students receive it."""
    from nbgrader.preprocessors import ClearSolutions

    stubs = ClearSolutions(config=nbgrader_config())
    return stubs.preprocess(copy.deepcopy(notebook), {})[0]


def nbgrader_config() -> Config:
    """Return the course's settings of nbgrader."""
    return PyFileConfigLoader(CONFIG.name, path=str(CONFIG.parent)).load_config()


def grade_id(cell: NotebookNode) -> str:
    """Return a cell's nbgrader id, empty for a cell without one."""
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def role(cell: NotebookNode) -> str:
    """Name what a cell of a master notebook is for.

    One of `text`, `given`, `experiment`, `solution`, `visible`, `grade` and `written`.
    """
    marks = cell.metadata.get("nbgrader")
    if marks is None:
        return "text"
    if cell.cell_type == "markdown":
        return "written"
    if marks["solution"]:
        return "solution"
    if marks["grade"]:
        return "grade"
    if marks["grade_id"].startswith("test-"):
        return "visible"
    return "experiment" if "experiment" in cell.metadata.get("tags", []) else "given"


def solution_lines(cell: NotebookNode) -> list[str]:
    """Return the lines of a cell that stand between the solution markers."""
    lines, inside = [], False
    for line in cell.source.splitlines():
        if line.strip() in (BEGIN, END):
            inside = line.strip() == BEGIN
        elif inside:
            lines.append(line)
    return lines


def read(path: Path, checks: Mapping[str, Any]) -> NotebookNode:
    """Read the text source at `path`; `checks` is the assignment's registry of checks."""
    text = path.read_text(encoding="utf-8")
    cells = _cells(path, text)
    _rules(path, text)
    _refuse_stray_markers(path, text, cells)
    for cell in cells:
        _mark(path, cell, checks)
    _refuse_repeated_ids(path, cells)
    _require_order(path, cells, checks)
    return _notebook(path, cells)


def write(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook completely or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".part")
    nbformat.write(notebook, temporary)
    os.replace(temporary, path)


def _relative(path: Path) -> Path:
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def _cells(path: Path, text: str) -> list[NotebookNode]:
    """Parse with jupytext; each cell remembers in `line` where its block starts."""
    from jupytext.myst import MystMetadataParsingError, myst_to_notebook

    try:
        with warnings.catch_warnings(action="ignore"):  # what jupytext warns of is an error here
            notebook = myst_to_notebook(text, add_source_map=True)
    except MystMetadataParsingError as error:
        line = re.search(r"line (\d+)", str(error))
        raise SourceError(path, int(line.group(1)) if line else 1, str(error)) from None
    except nbformat.ValidationError as error:
        places = (n for n, t in enumerate(text.splitlines(), 1) if re.match(r":tags:\s*[^\[\s]", t))
        sentence = f"the tags of a cell are a list, as in ':tags: [experiment]': {error.message}."
        raise SourceError(path, next(places, 1), sentence) from None
    _require_front_matter(path, notebook)
    lines = text.splitlines()
    for cell, start in zip(notebook.cells, notebook.metadata.source_map, strict=True):
        cell.line = start if cell.cell_type == "code" else _skip_blank(lines, start) + 1
        cell.first = _first_line(lines, cell)
    return notebook.cells


def _rules(path: Path, text: str) -> dict[str, tuple[str, ...]]:
    """Read the rules in the front matter; each is named in the text that students read."""
    import yaml

    head, _, body = text.removeprefix("---\n").partition("\n---\n")
    given = (yaml.safe_load(head) or {}).get("featherweight", {})
    lines = text.splitlines()
    place = next((n for n, line in enumerate(lines, 1) if line.startswith("featherweight:")), 1)
    if not isinstance(given, dict) or not set(given) <= set(RULES):
        raise SourceError(path, place, f"'featherweight:' holds only {' and '.join(RULES)}.")
    for rule, names in given.items():
        if not isinstance(names, list) or not all(DOTTED.fullmatch(str(name)) for name in names):
            raise SourceError(path, place, f"'{rule}' is a list of dotted names.")
    if unsaid := [name for names in given.values() for name in names if f"`{name}`" not in body]:
        sentence = f"the text must tell students of '{unsaid[0]}': write it there in backticks."
        raise SourceError(path, place, sentence)
    return {rule: tuple(given.get(rule, ())) for rule in RULES}


def _skip_blank(lines: list[str], start: int) -> int:
    while start < len(lines) and not lines[start].strip():
        start += 1
    return start


def _first_line(lines: list[str], cell: NotebookNode) -> int:
    """Return the line number (from 1) of the first line of a cell's own source."""
    if cell.cell_type == "markdown":
        return cell.line
    start = cell.line
    while start < len(lines) and lines[start].startswith(":"):
        start += 1
    return start + (2 if start < len(lines) and not lines[start].strip() else 1)


def _require_front_matter(path: Path, notebook: NotebookNode) -> None:
    form = notebook.metadata.get("jupytext", {}).get("text_representation", {})
    if form.get("format_name") != "myst" or "kernelspec" not in notebook.metadata:
        sentence = "the front matter must name jupytext's format 'myst' and a kernelspec."
        raise SourceError(path, 1, sentence)


def _refuse_stray_markers(path: Path, text: str, cells: list[NotebookNode]) -> None:
    """Refuse every line that looks like a marker and would not act as one."""
    openings = {cell.line for cell in cells if cell.cell_type == "code"}
    for number, line in enumerate(text.splitlines(), start=1):
        sentence = _stray_fence(line, number in openings) or _stray_block(line)
        sentence = sentence or _stray_region(line) or _stray_option(line, number, cells)
        if sentence:
            raise SourceError(path, number, sentence)


def _stray_fence(line: str, opens_cell: bool) -> str | None:
    if opens_cell and line != "```{code-cell} ipython3":
        return "a code cell opens with '```{code-cell} ipython3', exactly."
    if not opens_cell and re.search(r"[`~:]{3,}\s*\{?\s*code[-_ ]?cells?\b", line):
        return "this is no code cell: one opens with '```{code-cell} ipython3', exactly."
    return None


def _stray_block(line: str) -> str | None:
    if not re.match(r"\s*\+\+", line):
        return None
    try:
        marks = json.loads(line.removeprefix("+++").strip() or "{}")
    except json.JSONDecodeError:
        marks = None
    if not line.startswith("+++") or not isinstance(marks, dict):
        return 'a block opens with \'+++\' or \'+++ {"written": "<id>", "points": n}\'.'
    if marks and (set(marks) != {"written", "points"} or not _positive(marks["points"])):
        return "a written answer has exactly the keys written and points, with points above 0."
    return None


def _positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _stray_region(line: str) -> str | None:
    stripped = line.strip()
    if stripped in (BEGIN, END):
        return None
    words = re.sub(r"[^a-z]+", " ", stripped.lower()).strip()
    comment = stripped.startswith("#")
    similar = comment and difflib.get_close_matches(words, MARKERS, n=1, cutoff=0.8)
    shouted = comment and re.search(
        r"\b(SOLUTIONS?|HIDDEN|MARK SCHEME|AUTOTEST|HASHED)\b", stripped
    )
    if similar or shouted or any(marker in words for marker in MARKERS):
        return f"this looks like a solution marker: write '{BEGIN}' or '{END}', alone on its line."
    return None


def _stray_option(line: str, number: int, cells: list[NotebookNode]) -> str | None:
    named = re.match(r"\s*#?\s*:\s*([A-Za-z_-]+)\s*:", line)
    if not named:
        return None
    if any(c.cell_type == "code" and c.line < number < c.first for c in cells):
        return None
    known = (*OPTIONS, "written")
    close = difflib.get_close_matches(named.group(1).lower(), known, cutoff=0.7)
    return "an option stands on the first line of its code cell." if close else None


def _mark(path: Path, cell: NotebookNode, checks: Mapping[str, Any]) -> None:
    """Turn a cell's option line into nbgrader metadata; leaves its role in `cell.role`."""
    options = dict(cell.metadata)
    cell.metadata = nbformat.from_dict({})
    if cell.cell_type == "markdown":
        _mark_markdown(path, cell, options)
        return
    _require_python(path, cell)
    name, value = _option(path, cell, options)
    if name == "grade":
        _mark_grade(path, cell, value, checks)
    elif name == "solution":
        _require_region(path, cell)
        _nbgrader(cell, "solution", value, solution=True)
    elif name == "visible":
        _nbgrader(cell, "visible", f"test-{value}", locked=True)
        cell.tests = value
    else:
        cell.role = "experiment" if name == "tags" else "given"
        if name == "tags":
            cell.metadata.tags = ["experiment"]
    if name != "solution" and (BEGIN in cell.source or END in cell.source):
        raise SourceError(path, cell.first, "only a cell with ':solution: <id>' holds a solution.")


def _option(path: Path, cell: NotebookNode, options: dict[str, Any]) -> tuple[str, str]:
    if not options:
        return "", ""
    if len(options) > 1:
        raise SourceError(path, cell.line + 1, "a code cell has at most one option line.")
    (name, value), line = next(iter(options.items())), cell.line + 1
    if name not in OPTIONS:
        known = ", ".join(OPTIONS)
        raise SourceError(path, line, f"the option ':{name}:' does not exist; there are: {known}.")
    if name == "tags" and value != ["experiment"]:
        raise SourceError(path, line, "the only tag is ':tags: [experiment]'.")
    if name != "tags" and not IDENTIFIER.fullmatch(str(value)):
        raise SourceError(path, line, f"'{value}' is not an id: small letters, digits, hyphens.")
    if name == "solution" and str(value).startswith(RESERVED):
        raise SourceError(path, line, f"an id may not begin with {', '.join(RESERVED)}.")
    return name, value


def _mark_markdown(path: Path, cell: NotebookNode, options: dict[str, Any]) -> None:
    if not options:
        cell.role = "text"
        if BEGIN in cell.source or END in cell.source:
            raise SourceError(
                path, cell.line, "a solution in prose needs a '+++ {\"written\"...}'."
            )
        return
    name = options["written"]
    if not IDENTIFIER.fullmatch(str(name)) or str(name).startswith(RESERVED):
        raise SourceError(path, cell.line, f"'{name}' is not an id for a written answer.")
    _require_region(path, cell)
    _nbgrader(cell, "written", name, solution=True, grade=True, points=options["points"])


def _mark_grade(path: Path, cell: NotebookNode, name: str, checks: Mapping[str, Any]) -> None:
    if name not in checks:
        known = ", ".join(checks) or "none"
        sentence = f"there is no check '{name}'; the assignment's checks are: {known}."
        raise SourceError(path, cell.line + 1, sentence)
    if cell.source.strip() != f'grade("{name}")':
        raise SourceError(path, cell.first, f'the only line of this cell is grade("{name}").')
    points = checks[name].points
    cell.source = _graded_source(path.stem, name, points)
    _nbgrader(cell, "grade", f"check-{name}", locked=True, grade=True, points=points)
    cell.check = name


def _graded_source(assignment: str, check: str, points: float) -> str:
    worth = f"{points:g} point" + ("" if points == 1 else "s")
    return f"""\
# Graded ({worth}): the hidden check "{check}" runs here when your notebook is graded.
### BEGIN HIDDEN TESTS
from autograder.stock import grade

grade("{assignment}", "{check}")
### END HIDDEN TESTS"""


def _nbgrader(cell: NotebookNode, name: str, ident: str, **marks: Any) -> None:
    base = {"grade": False, "locked": False, "solution": False, "task": False}
    cell.role = name
    cell.metadata.nbgrader = nbformat.from_dict(
        base | marks | {"grade_id": ident, "schema_version": 3}
    )


def _require_python(path: Path, cell: NotebookNode) -> None:
    try:
        ast.parse(cell.source)
    except SyntaxError as error:
        line = cell.first + (error.lineno or 1) - 1
        raise SourceError(path, line, f"this is not plain Python: {error.msg}.") from None


def _require_region(path: Path, cell: NotebookNode) -> None:
    expected, found = BEGIN, 0
    for number, line in enumerate(cell.source.splitlines(), start=cell.first):
        if line.strip() not in (BEGIN, END):
            continue
        if line.strip() != expected:
            raise SourceError(path, number, f"expected '{expected}' before this marker.")
        expected, found = (END if expected == BEGIN else BEGIN), found + 1
    if expected == END:
        raise SourceError(path, _option_line(cell), f"'{BEGIN}' has no '{END}' after it.")
    if not found or not any(line.strip() for line in solution_lines(cell)):
        raise SourceError(
            path, _option_line(cell), f"there is nothing between '{BEGIN}' and '{END}'."
        )


def _option_line(cell: NotebookNode) -> int:
    return cell.line + (cell.cell_type == "code")


def _refuse_repeated_ids(path: Path, cells: list[NotebookNode]) -> None:
    seen: dict[str, int] = {}
    for cell in cells:
        name = grade_id(cell)
        if name and name in seen:
            raise SourceError(path, cell.line, f"the id '{name}' stands in line {seen[name]} too.")
        seen[name] = cell.line


def _require_order(path: Path, cells: list[NotebookNode], checks: Mapping[str, Any]) -> None:
    """A solution is followed by its visible test, and that by one graded cell or more."""
    code = [cell for cell in cells if cell.cell_type == "code"]
    solution, previous, line = "", "", 0
    for cell in code:
        if previous in ("solution", "visible") and cell.role != _NEXT[previous]:
            _refuse_incomplete(path, line, solution, _NEXT[previous])
        if cell.role == "solution":
            solution, line = grade_id(cell), cell.line
        elif cell.role == "visible" and (previous != "solution" or cell.tests != solution):
            raise SourceError(path, cell.line + 1, "a visible test directly follows its solution.")
        elif cell.role == "grade":
            _require_own_cell(path, cell, checks[cell.check].cell, solution, previous)
        previous = cell.role
    if previous in ("solution", "visible"):
        _refuse_incomplete(path, line, solution, _NEXT[previous])
    graded = {cell.check for cell in code if cell.role == "grade"}
    if missing := [name for name in checks if name not in graded]:
        raise SourceError(path, 1, f"no graded cell for the checks {', '.join(missing)}.")


_NEXT = {"solution": "visible", "visible": "grade"}


def _refuse_incomplete(path: Path, line: int, solution: str, missing: str) -> None:
    sentence = f"the solution '{solution}' is not followed by its ':{missing}:' cell."
    raise SourceError(path, line, sentence)


def _require_own_cell(
    path: Path, cell: NotebookNode, belongs: str, solution: str, previous: str
) -> None:
    if previous not in ("visible", "grade"):
        raise SourceError(path, cell.line, "a graded cell follows a visible test.")
    if belongs != solution:
        sentence = f"the check '{cell.check}' is for '{belongs}', but stands under '{solution}'."
        raise SourceError(path, cell.line, sentence)


def _notebook(path: Path, cells: list[NotebookNode]) -> NotebookNode:
    counts = {"text": 0, "given": 0}
    finished = []
    for cell in cells:
        kind = "given" if cell.role in ("given", "experiment") else cell.role
        if kind in counts:
            counts[kind] += 1
        if kind == "given":
            _nbgrader(cell, cell.role, f"given-{counts[kind]}", locked=True)
        ident = grade_id(cell) or f"text-{counts['text']}"
        new = (
            nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
        )
        finished.append(new(cell.source, id=ident, metadata=cell.metadata))
    metadata = {
        "featherweight": {"assignment": path.stem},
        "kernelspec": KERNEL,
        "language_info": {"name": "python"},
    }
    notebook = nbformat.v4.new_notebook(cells=finished, metadata=nbformat.from_dict(metadata))
    nbformat.validate(notebook)
    return notebook

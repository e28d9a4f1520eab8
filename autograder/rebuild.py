"""Rebuild a submission from the instructor's master: only answers come from the student."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import dataclass, field

from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_code_cell, new_markdown_cell

MISSING_NOTE = "This cell was missing from the submission."
MAX_CELLS = 10_000
MAX_TEXT = 10**7
"""Characters in all cells of a notebook, outputs apart."""
MAX_ATTACHED = 5 * 10**6
"""Bytes of images attached to one answer."""
MAX_PARTS = {"{[": 10**6, ",": 5 * 10**6}
"""How often these stand in a file at most, so that parsing one cannot fill the memory."""
ATTACHED = r"attachment(?P<escape>\\?):(?P<name>[^\s()<>\[\]\"']*)"
BASE64 = r"[A-Za-z0-9+/=\s]+"
IMAGES = {"image/png", "image/jpeg", "image/gif", "image/webp"}


class Unreadable(Exception):
    """A file that is no notebook; the message says what is wrong with it."""


class WrongAssignment(Exception):
    """A notebook that has no cell of the assignment."""


@dataclass(frozen=True)
class StudentCell:
    """What counts of a cell in a submitted notebook."""

    kind: str
    source: str
    grade_id: str
    cell_id: str
    attachments: dict[str, dict[str, str]] = field(default_factory=dict)
    left_out: bool = False


@dataclass
class Rebuilt:
    """The notebook to run, and what the instructor should know.

    `missing` names the answers whose cells were not there, `untouched` those left as handed out.
    """

    notebook: NotebookNode
    missing: list[str] = field(default_factory=list)
    untouched: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def stubs(master: NotebookNode) -> dict[str, str]:
    """The source of each answer's cell as students receive it, by grade id."""
    from autograder import source

    return {mark_id(c): c.source for c in source.emptied(master).cells if is_answer(c)}


def rebuild(master: NotebookNode, data: bytes, stubs: dict[str, str]) -> Rebuilt:
    """Put a student's answers, and the cells they added, into a copy of the master.

    `stubs` tells which copy of an answer's cell was worked on.
    """
    cells = read_cells(data)
    layout = Layout(master)
    if not any(layout.is_ours(cell) for cell in cells):
        raise WrongAssignment("no cell of this assignment is in the notebook")
    rebuilt = Rebuilt(copy.deepcopy(master))
    placed = layout.placed(cells)
    answers = {spot: layout.answers(spot, placed) for spot in layout.answer_spots}
    untouched = {spot: stubs.get(mark_id(master.cells[spot]), "") for spot in answers}
    chosen = {spot: pick(found, untouched[spot]) for spot, found in answers.items()}
    placed = [
        (spot, cell)
        for spot, cell in placed
        if (spot in chosen and cell is chosen[spot])
        or normal(cell.source) != normal(untouched.get(spot, "") if spot is not None else "")
    ]
    extras = layout.extras(placed, [cell for cell in chosen.values() if cell is not None])
    for spot, cell in chosen.items():
        layout.fill(rebuilt, spot, cell, len(answers[spot]))
        if cell is not None and normal(cell.source) == normal(untouched[spot]):
            rebuilt.untouched.append(mark_id(master.cells[spot]))
    rebuilt.notes += layout.changed(placed)
    rebuilt.notebook.cells = interleaved(rebuilt.notebook.cells, extras)
    return rebuilt


def unanswered(master: NotebookNode) -> Rebuilt:
    """The master without any answer, for a submission that holds none."""
    layout, rebuilt = Layout(master), Rebuilt(copy.deepcopy(master))
    for spot in layout.answer_spots:
        layout.fill(rebuilt, spot, None, 0)
    rebuilt.notes = []
    return rebuilt


def read_cells(data: bytes) -> list[StudentCell]:
    """The cells of a notebook file, read leniently; raises `Unreadable` for anything else."""
    content = parsed(data)
    cells = content.get("cells") if isinstance(content, dict) else None
    if isinstance(content, dict) and cells is None:
        cells = old_cells(content)
    if not isinstance(cells, list):
        raise Unreadable("the file is JSON, but no notebook: it has no list of cells")
    if len(cells) > MAX_CELLS:
        raise Unreadable(f"the notebook has {len(cells)} cells, more than {MAX_CELLS}")
    found = [student_cell(cell) for cell in cells if isinstance(cell, dict)]
    if sum(len(cell.source) for cell in found) > MAX_TEXT:
        raise Unreadable(f"the notebook's cells hold more than {MAX_TEXT / 1e6:g} MB of text")
    return found


def parsed(data: bytes) -> object:
    """The JSON in a file; numbers, which nothing here needs, may be of any size."""
    if not data.strip():
        raise Unreadable("the file is empty")
    if any(sum(data.count(c.encode()) for c in mark) > most for mark, most in MAX_PARTS.items()):
        raise Unreadable("the file has too many parts to be a notebook")
    try:
        return json.loads(data.decode(json.detect_encoding(data), "surrogatepass"), parse_int=float)
    except UnicodeDecodeError:
        raise Unreadable("the file is not UTF-8 text") from None
    except RecursionError:
        raise Unreadable("the file is nested too deep to be a notebook") from None
    except ValueError as error:
        raise Unreadable(f"the file is not valid JSON ({str(error)[:100]})") from None


def old_cells(content: dict) -> list | None:
    """The cells of a notebook in format 3, which had them on worksheets."""
    sheets = content.get("worksheets")
    if not isinstance(sheets, list):
        return None
    found = [as_dict(sheet).get("cells") for sheet in sheets]
    return [cell for cells in found if isinstance(cells, list) for cell in cells]


def student_cell(cell: dict) -> StudentCell:
    metadata = as_dict(cell.get("metadata"))
    grade_id = as_dict(metadata.get("nbgrader")).get("grade_id")
    source = joined(cell.get("source", cell.get("input", "")))
    kind = "code" if cell.get("cell_type") == "code" else "markdown"
    images = attached(cell) if kind == "markdown" else {}
    left_out = kind == "markdown" and len(images) < len(as_dict(cell.get("attachments")))
    ids = (as_text(grade_id), as_text(cell.get("id")))
    return StudentCell(kind, printable(source), *ids, images, left_out)


def attached(cell: dict) -> dict[str, dict[str, str]]:
    """The images attached to a cell, as far as there is room for them."""
    found: dict[str, dict[str, str]] = {}
    room = MAX_ATTACHED
    for name, bundle in as_dict(cell.get("attachments")).items():
        for kind, data in as_dict(bundle).items():
            text = joined(data)
            if kind in IMAGES and len(text) <= room and re.fullmatch(BASE64, text):
                found[printable(name)] = {kind: text}
                room -= len(text)
    return found


def joined(text: object) -> str:
    """A text that may be given as a list of lines; whatever else is in it is left out."""
    if isinstance(text, list):
        return "".join(line for line in text if isinstance(line, str))
    return text if isinstance(text, str) else ""


def as_dict(value: object) -> dict:
    return value if isinstance(value, dict) else {}


def as_text(value: object) -> str:
    return value if isinstance(value, str) else ""


def printable(text: str) -> str:
    """The text without lone surrogates, which no file could hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


class Layout:
    """Where the cells of a submission belong in the master."""

    def __init__(self, master: NotebookNode):
        self.cells = master.cells
        self.by_grade_id = {mark_id(c): i for i, c in enumerate(self.cells) if mark_id(c)}
        self.by_cell_id = {c.get("id"): i for i, c in enumerate(self.cells) if c.get("id")}
        self.answer_spots = [i for i, c in enumerate(self.cells) if is_answer(c)]
        self.by_source = {normal(c.source): i for i, c in enumerate(self.cells)}
        for i, cell in enumerate(self.cells):
            if is_hidden_check(cell):
                self.by_source[normal(before_hidden(cell.source))] = i

    def by_id(self, cell: StudentCell) -> int | None:
        """The master's cell with the id of this cell."""
        return self.by_grade_id.get(cell.grade_id, self.by_cell_id.get(cell.cell_id))

    def place(self, cell: StudentCell) -> int | None:
        """The master's cell that this cell is, or a copy of; None for one the student added."""
        if (spot := self.by_id(cell)) is not None:
            return spot
        spot = self.by_source.get(normal(cell.source)) if cell.source.strip() else None
        return None if spot in self.answer_spots else spot

    def placed(self, cells: list[StudentCell]) -> list[tuple[int | None, StudentCell]]:
        """Each cell with the master's cell that it is; a second copy of a given one was added."""
        found = [(self.place(cell), cell) for cell in cells]
        givens: dict[int, StudentCell] = {}
        for spot, cell in found:
            if spot is not None and self.is_given(spot):
                better = not self.is_as_given(spot, givens.get(spot, cell))
                if spot not in givens or (better and self.is_as_given(spot, cell)):
                    givens[spot] = cell
        return [(s if s not in givens or c is givens[s] else None, c) for s, c in found]

    def is_given(self, spot: int) -> bool:
        return spot not in self.answer_spots and not is_hidden_check(self.cells[spot])

    def is_as_given(self, spot: int, cell: StudentCell) -> bool:
        return normal(cell.source) == normal(self.cells[spot].source)

    def changed(self, placed: list[tuple[int | None, StudentCell]]) -> list[str]:
        """A note on each given cell of code that the student changed, for it runs as given."""
        return [
            f"the given cell '{mark_id(self.cells[spot])}' was changed, and ran as it was given"
            for spot, cell in placed
            if spot is not None
            and self.is_given(spot)
            and self.cells[spot].cell_type == "code"
            and not self.is_as_given(spot, cell)
        ]

    def is_ours(self, cell: StudentCell) -> bool:
        """Whether a cell shows which assignment this is: an answer or a check, by its id."""
        spot = self.by_id(cell)
        return spot in self.answer_spots or (spot is not None and is_hidden_check(self.cells[spot]))

    def answers(self, spot: int, placed: list) -> list[StudentCell]:
        return [cell for where, cell in placed if where == spot]

    def extras(self, placed: list, chosen: list[StudentCell]) -> dict[int, list[NotebookNode]]:
        """The cells that the student added, by the master's cell they come after (-1: first)."""
        found: dict[int, list[NotebookNode]] = {}
        passed: set[int] = set()
        anchor = number = -1
        for spot, cell in placed:
            second = spot in self.answer_spots and not any(cell is one for one in chosen)
            if (spot is None or second) and cell.source.strip():
                number += 1
                found.setdefault(anchor, []).append(extra_cell(cell, f"extra-{number}"))
            if spot is not None and not second and spot not in passed:
                passed.add(spot)
                anchor = spot
        return found

    def fill(self, rebuilt: Rebuilt, spot: int, answer: StudentCell | None, copies: int) -> None:
        """Write one answer into the rebuilt notebook, and note what was odd about it."""
        cell, name = rebuilt.notebook.cells[spot], mark_id(self.cells[spot])
        if answer is None:
            comment = f"# {MISSING_NOTE}" if cell.cell_type == "code" else MISSING_NOTE
            cell.source = comment
            rebuilt.missing.append(name)
            rebuilt.notes.append(f"the answer cell '{name}' is missing")
            return
        write(cell, answer)
        if answer.left_out:
            rebuilt.notes.append(
                f"what is attached to '{name}' was left out: no image, or too large"
            )
        if copies > 1:
            rebuilt.notes.append(f"the answer cell '{name}' is there {copies} times")
        if answer.kind != cell.cell_type:
            rebuilt.notes.append(f"the answer cell '{name}' had another type")


def extra_cell(cell: StudentCell, name: str) -> NotebookNode:
    """A cell that a student added."""
    make = new_code_cell if cell.kind == "code" else new_markdown_cell
    extra = make(id=name, metadata={"tags": ["added"]})
    write(extra, cell)
    return extra


def write(cell: NotebookNode, written: StudentCell) -> None:
    """Put what a student wrote into a cell, with the pictures of a text."""
    cell.source = written.source
    if cell.cell_type == "markdown":
        cell.source = without_broken_pictures(written.source, written.attachments)
        if written.attachments:
            cell.attachments = from_dict(written.attachments)


def without_broken_pictures(text: str, attachments: dict) -> str:
    """The text with no reference to a picture that is not there.

    One such reference, and nbgrader's formgrader shows nothing of the submission.
    """

    def mended(match: re.Match) -> str:
        there = match["name"] in attachments and re.fullmatch(r"[\w.-]+", match["name"], re.ASCII)
        return match[0] if there and not match["escape"] else f"attachment {match['name']}"

    return re.sub(ATTACHED, mended, text) if "![" in text else text


def pick(found: list[StudentCell], stub: str) -> StudentCell | None:
    """The answer among copies of one cell: the last that was worked on, else the last."""
    worked_on = [cell for cell in found if normal(cell.source) != normal(stub)]
    candidates = worked_on or found
    return candidates[-1] if candidates else None


def interleaved(cells: list, extras: dict[int, list]) -> list:
    """The master's cells, each followed by what the student added there."""
    merged = list(extras.get(-1, []))
    for spot, cell in enumerate(cells):
        merged += [cell, *extras.get(spot, [])]
    return merged


def mark_id(cell: NotebookNode) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def is_answer(cell: NotebookNode) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def is_hidden_check(cell: NotebookNode) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get("grade")) and not is_answer(cell)


def check_id(cell: NotebookNode) -> str:
    return mark_id(cell).removeprefix("check-")


def before_hidden(source: str) -> str:
    """What a student sees of a graded cell."""
    return source.split("### BEGIN HIDDEN TESTS")[0]


def normal(source: str) -> str:
    return "\n".join(line.rstrip() for line in source.strip().splitlines())

"""Make a class of sample submissions from the solutions, the mutants and typical mishaps.

Nobody's work is copied and no person is named: the students are numbered, their answers are the
reference, alternatives and mutants that the audit knows, drawn by a fixed seed, and what can
happen to a notebook on its way is done to some of them. The same sources give the same class.
"""

import argparse
import copy
import json
import os
import random
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from tqdm import tqdm

from autograder import audit, source
from autograder.release import RELEASED

DUE = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
STDERR = "import sys\n\nprint('a warning that means nothing', file=sys.stderr)"
LOOP = "while True:\n    pass"
EXIT = "import sys\n\nsys.exit('done')"


class SampleError(RuntimeError):
    """A sample class that cannot be made."""


@dataclass(frozen=True)
class Answers:
    """What students may write into each solution cell of an assignment."""

    assignment: str
    released: NotebookNode
    reference: dict[str, str]
    right: dict[str, list[str]]
    wrong: dict[str, list[str]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `autograder sample-class`."""
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--assignment", nargs="+", default=[], metavar="ASSIGNMENT", help="default: all"
    )


def run(args: argparse.Namespace) -> int:
    """Write `DIR/<student>/<assignment>/<assignment>.ipynb` for every student and assignment."""
    try:
        for name in tqdm(source.chosen(args.assignment), desc="sample class", disable=None):
            make(name, args.out)
    except SampleError as error:
        print(f"autograder sample-class: {error}", file=sys.stderr)
        return 1
    print(f"{args.out}: {len(STUDENTS)} students.")
    return 0


def make(assignment: str, out: Path) -> None:
    """Write one assignment's submissions of the whole class; nothing of them stays half-written."""
    answers = read_answers(assignment)
    for number, (_, hand_in) in enumerate(STUDENTS, start=1):
        student = f"student-{number:02}"
        rng = random.Random(f"{assignment} {student}")
        target = out / student / assignment
        partial = out / f".{student}.part"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        target.parent.mkdir(exist_ok=True)
        hand_in(answers, partial, rng)
        shutil.rmtree(target, ignore_errors=True)
        if any(partial.iterdir()):
            os.replace(partial, target)
        else:
            partial.rmdir()


def read_answers(assignment: str) -> Answers:
    """Collect the reference, the alternatives and the mutants of each solution cell."""
    from autograder.check import registry

    path = RELEASED / assignment / f"{assignment}.ipynb"
    if not path.exists():
        raise SampleError(f"'{assignment}' is not released: run 'autograder release' first.")
    checks = registry(assignment)
    master = source.read(source.path_of(assignment), checks)
    cells = [c for c in master.cells if source.role(c) in ("solution", "written")]
    reference = {source.grade_id(c): _without_markers(c.source) for c in cells}
    right: dict[str, list[str]] = {name: [] for name in reference}
    wrong: dict[str, list[str]] = {name: [] for name in reference}
    for variant in audit.variants(audit.MUTANTS / assignment, master, checks):
        found = right if variant.kind == "right" else wrong
        if "hangs" not in variant.headline and "dies" not in variant.headline:
            found[variant.cell].append(variant.code.split("\n", 1)[1])
    return Answers(assignment, nbformat.read(path, as_version=4), reference, right, wrong)


def _without_markers(code: str) -> str:
    lines = code.split("\n")
    return "\n".join(line for line in lines if line.strip() not in (source.BEGIN, source.END))


# ---------------------------------------------------------------- what students write


def _filled(answers: Answers, chosen: dict[str, str]) -> NotebookNode:
    notebook = copy.deepcopy(answers.released)
    for cell in notebook.cells:
        cell.source = chosen.get(source.grade_id(cell), cell.source)
    return notebook


def _correct(answers: Answers) -> NotebookNode:
    return _filled(answers, answers.reference)


def _drawn(answers: Answers, rng: random.Random, skill: float) -> NotebookNode:
    """Each answer is right with probability `skill`; some of the others are left out."""
    chosen = {}
    for name, reference in answers.reference.items():
        if rng.random() < skill or not answers.wrong[name]:
            chosen[name] = rng.choice([reference, *answers.right[name]])
        elif rng.random() < 0.8:
            chosen[name] = rng.choice(answers.wrong[name])
    return _filled(answers, chosen)


def _solution(notebook: NotebookNode, place: int) -> NotebookNode:
    """One of the notebook's solution cells, counted from 0 and around."""
    cells = [c for c in notebook.cells if c.cell_type == "code" and _is_solution(c)]
    return cells[place % len(cells)]


def _is_solution(cell: NotebookNode) -> bool:
    return cell.metadata.get("nbgrader", {}).get("solution", False)


# ---------------------------------------------------------------- how it is handed in


def _save(
    answers: Answers, folder: Path, notebook: NotebookNode, hours: float = -20, name: str = ""
) -> None:
    """Write the notebook, and when it was handed in, in hours after the due date."""
    source.write(notebook, folder / f"{name or answers.assignment}.ipynb")
    when = DUE + timedelta(hours=hours)
    (folder / "timestamp.txt").write_text(when.strftime("%Y-%m-%d %H:%M:%S.%f UTC\n"))


def _full_marks(answers: Answers, folder: Path, rng: random.Random) -> None:
    _save(answers, folder, _correct(answers), hours=-50)


def _alternatives(answers: Answers, folder: Path, rng: random.Random) -> None:
    _save(answers, folder, _drawn(answers, rng, skill=1.0), hours=-30)


def _empty(answers: Answers, folder: Path, rng: random.Random) -> None:
    _save(answers, folder, answers.released, hours=-1)


def _mixed(skill: float) -> Callable[[Answers, Path, random.Random], None]:
    def hand_in(answers: Answers, folder: Path, rng: random.Random) -> None:
        _save(answers, folder, _drawn(answers, rng, skill), hours=-rng.uniform(1, 40))

    return hand_in


def _broken(place: int, code: str) -> Callable[[Answers, Path, random.Random], None]:
    """One solution cell of a correct notebook begins with `code` that should not be there."""

    def hand_in(answers: Answers, folder: Path, rng: random.Random) -> None:
        notebook = _correct(answers)
        cell = _solution(notebook, place)
        cell.source = f"{code}\n\n{cell.source}"
        _save(answers, folder, notebook)

    return hand_in


def _deleted_graded_cell(answers: Answers, folder: Path, rng: random.Random) -> None:
    notebook = _correct(answers)
    graded = [c for c in notebook.cells if source.grade_id(c).startswith("check-")]
    notebook.cells.remove(graded[0])
    _save(answers, folder, notebook)


def _duplicated_cell(answers: Answers, folder: Path, rng: random.Random) -> None:
    """A solution cell stands twice, with the same id: the empty one, then the one that counts."""
    notebook = _correct(answers)
    ident = source.grade_id(_solution(notebook, 1))
    stub = next(c for c in answers.released.cells if source.grade_id(c) == ident)
    place = [source.grade_id(c) for c in notebook.cells].index(ident)
    notebook.cells.insert(place, copy.deepcopy(stub))
    (folder / f"{answers.assignment}.ipynb").write_text(json.dumps(_raw(notebook), indent=1))


def _raw(notebook: NotebookNode) -> dict:
    """The notebook as it is, without nbformat mending the repeated id."""
    return json.loads(json.dumps(notebook))


def _unreadable(answers: Answers, folder: Path, rng: random.Random) -> None:
    """The upload broke off in the middle of the file."""
    text = nbformat.writes(_correct(answers))
    (folder / f"{answers.assignment}.ipynb").write_text(text[: len(text) // 2])


def _wrong_name(answers: Answers, folder: Path, rng: random.Random) -> None:
    _save(answers, folder, _drawn(answers, rng, 0.9), name=f"{answers.assignment}-final (1)")


def _nothing(answers: Answers, folder: Path, rng: random.Random) -> None:
    """The folder stays empty, so no submission is made of it."""


def _late(answers: Answers, folder: Path, rng: random.Random) -> None:
    _save(answers, folder, _drawn(answers, rng, 0.85), hours=49)


STUDENTS: list[tuple[str, Callable[[Answers, Path, random.Random], None]]] = [
    ("full marks", _full_marks),
    ("every answer written differently", _alternatives),
    ("nothing filled in", _empty),
    ("mostly right", _mixed(0.8)),
    ("half right", _mixed(0.5)),
    ("mostly wrong", _mixed(0.25)),
    ("a syntax error", _broken(0, "def (")),
    ("an endless loop", _broken(1, LOOP)),
    ("ends the process", _broken(2, EXIT)),
    ("a graded cell deleted", _deleted_graded_cell),
    ("a solution cell twice", _duplicated_cell),
    ("a broken file", _unreadable),
    ("another file name", _wrong_name),
    ("nothing handed in", _nothing),
    ("prints on stderr", _broken(0, STDERR)),
    ("two days late", _late),
]

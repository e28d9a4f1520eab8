"""Write what people read after grading: feedback, class report, similarity, sheets of grades."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from tqdm import tqdm

from autograder import rebuild
from autograder.class_report import Background, class_report
from autograder.feedback import REFUSED, is_current, write_feedback
from autograder.files import write_atomically
from autograder.gradesheets import canvas_csv, moodle_csv, waiting
from autograder.hand_grades import HandGrades, read_hand_grades
from autograder.roster import FILE, Record, read_records
from autograder.similarity import Comparison, Given
from autograder.similarity_report import LEAST, similarity_csv, similarity_page
from autograder.wrong_answers import WrongAnswers

__all__ = ["class_report", "write_feedback", "write_reports"]
ADDED = "added cells"
Load = Callable[[str], dict]


def write_reports(
    out: Path, assignment: str, master: str, results: Mapping[str, dict], load: Load
) -> int:
    """Write all reports and sheets; how many submissions wait for scores given by hand.

    `results` holds the verdicts without notebooks; `load` gives a student's with the notebook, and
    one at a time is held. Feedback is written again where people entered something since.
    """
    hand = read_hand_grades(out / "gradebook.db", assignment)
    wrong, comparison = WrongAnswers(), Comparison(given_code(master))
    for student in tqdm(results, desc="report", unit="notebook", delay=2, disable=None):
        graded = load(student)
        entered = hand.get(student, HandGrades())
        if not is_current(out, graded, entered):
            write_feedback(out, graded, entered)
        if graded["status"] not in REFUSED:
            answers = answers_of(graded["notebook"])
            wrong.add(graded, answers)
            comparison.add(student, answers)
    people = {r.student: r for r in read_records(out / FILE) if r.assignment == assignment}
    similar = write_similarity(out, assignment, comparison, load)
    known = Background(hand, late_by(people), wrong, similar)
    write(out / "report.html", class_report(assignment, results, known))
    write_sheets(out, list(results.values()), hand, people)
    return sum(bool(waiting(g, hand.get(s, HandGrades()))) for s, g in results.items())


def write_sheets(
    out: Path, verdicts: list[dict], hand: Mapping[str, HandGrades], people: Mapping[str, Record]
) -> None:
    """Write the sheets that Canvas and Moodle import."""
    write(out / "canvas.csv", canvas_csv(verdicts, hand, people))
    write(out / "moodle.csv", moodle_csv(verdicts, hand, people))


def write(path: Path, text: str) -> None:
    write_atomically(path, text.encode("utf-8", "replace"))


def late_by(people: Mapping[str, Record]) -> set[str]:
    """The students whose submission the platform marks as late."""
    return {student for student, record in people.items() if record.late}


def write_similarity(out: Path, assignment: str, comparison: Comparison, load: Load) -> int:
    """Write the similarity report and its table; how many pairs are in it."""

    @functools.lru_cache(maxsize=8)
    def answers(student: str) -> dict[str, str]:
        return answers_of(load(student)["notebook"])

    pairs = comparison.pairs(LEAST)
    write(out / "similarity.csv", similarity_csv(pairs))
    write(out / "similarity.html", similarity_page(assignment, comparison, pairs, answers))
    return len(pairs)


def answers_of(notebook: dict) -> dict[str, str]:
    """The code that a student wrote, by answer; the cells they added are one more."""
    cells = [c for c in nbformat.from_dict(notebook).cells if c.cell_type == "code"]
    found = {rebuild.mark_id(cell): cell.source for cell in cells if rebuild.is_answer(cell)}
    added = [cell.source for cell in cells if "added" in cell.metadata.get("tags", [])]
    return found | ({ADDED: "\n".join(added)} if added else {})


def given_code(master: str) -> Given:
    """What the released notebook of an assignment holds."""
    notebook = nbformat.reads(master, as_version=4)
    return Given(rebuild.stubs(notebook), [c.source for c in notebook.cells if is_given(c)])


def is_given(cell: NotebookNode) -> bool:
    return (
        cell.cell_type == "code"
        and not rebuild.is_answer(cell)
        and not rebuild.is_hidden_check(cell)
    )

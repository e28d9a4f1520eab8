"""Write the sheets of grades that an instructor opens or uploads, as CSV."""

from __future__ import annotations

import contextlib
import csv
import io
from pathlib import Path

COLUMNS = ("student", "assignment", "check", "score", "max_score", "status")
BY_HAND = "by-hand"


def written_cells(notebook: dict) -> dict[str, float]:
    """The points of each answer that people grade, by its id."""
    marks = (cell["metadata"].get("nbgrader", {}) for cell in notebook["cells"])
    by_hand = (mark for mark in marks if mark.get("grade") and mark.get("solution"))
    return {mark["grade_id"]: float(mark["points"]) for mark in by_hand}


def grades_csv(verdicts: list[dict], gradebook: Path) -> str:
    """The verdicts as CSV: one row for each student and check.

    An answer that people grade has a row too: its score is empty until the gradebook has one, and
    0 if there was no notebook to read.
    """
    scores = hand_scores(gradebook, verdicts)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for graded in verdicts:
        head = (graded["student"], graded["assignment"])
        for row in graded["checks"]:
            counts = (number(row["score"]), number(row["max_score"]))
            writer.writerow((*head, row["check"], *counts, row["status"]))
        refused = graded["status"] != "graded"
        for name, points in graded["written"].items():
            score = scores.get((*head, name), "0" if refused else "")
            status = graded["status"] if refused else BY_HAND
            writer.writerow((*head, name, score, number(points), status))
    return text.getvalue()


def hand_scores(gradebook: Path, verdicts: list[dict]) -> dict[tuple[str, str, str], str]:
    """The gradebook's scores of answers that people grade, by student, assignment and answer."""
    from nbgrader.api import Gradebook, MissingEntry

    scores: dict[tuple[str, str, str], str] = {}
    if not gradebook.exists() or not any(graded["written"] for graded in verdicts):
        return scores
    with Gradebook(f"sqlite:///{gradebook}") as book:
        for graded in verdicts:
            student, assignment = graded["student"], graded["assignment"]
            for name in graded["written"]:
                with contextlib.suppress(MissingEntry):
                    grade = book.find_grade(name, assignment, assignment, student)
                    if grade.manual_score is not None or grade.auto_score is not None:
                        scores[student, assignment, name] = number(grade.score)
    return scores


def number(value: float) -> str:
    """A score without a needless decimal point."""
    return f"{value:g}"

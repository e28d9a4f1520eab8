"""What people entered in nbgrader's gradebook: scores, comments, late penalties. Only reads."""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class HandGrades:
    """What the gradebook knows of one submission beyond its checks, by the id of a cell.

    `auto` holds the score of an answer that nbgrader itself could give: 0 to one left as released.
    """

    manual: dict[str, float] = field(default_factory=dict)
    auto: dict[str, float] = field(default_factory=dict)
    extra: dict[str, float] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    penalty: float = 0.0

    def score(self, name: str) -> float | None:
        """The gradebook's score of a cell, None if nobody gave one yet."""
        score = self.manual.get(name, self.auto.get(name))
        return None if score is None else score + self.extra.get(name, 0.0)

    def applied(self, row: dict) -> dict:
        """A check's result; with the score that somebody gave it by hand, if there is one."""
        name = f"check-{row['check']}"
        if name not in self.manual:
            return row
        return row | {"score": self.score(name), "status": "graded", "message": ""}

    def digest(self) -> str:
        """A text that differs when anything that students see of it differs; empty if nothing."""
        entered = {name: part for name, part in asdict(self).items() if part and name != "auto"}
        return hashlib.sha256(repr(entered).encode()).hexdigest()[:16] if entered else ""


def read_hand_grades(gradebook: Path, assignment: str) -> dict[str, HandGrades]:
    """What people entered, by student; nothing if there is no gradebook."""
    if not gradebook.exists():
        return {}
    from sqlalchemy import create_engine

    address = f"{gradebook.resolve().as_uri()}?mode=ro"
    engine = create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(address, uri=True, timeout=60)
    )
    found: dict[str, HandGrades] = {}
    try:
        with engine.connect() as connection:
            _add_scores(connection, assignment, found)
            _add_comments(connection, assignment, found)
            _add_penalties(connection, assignment, found)
    finally:
        engine.dispose()
    return found


def _add_scores(connection: Any, assignment: str, found: dict[str, HandGrades]) -> None:
    from nbgrader.api import Grade

    columns = (Grade.manual_score, Grade.auto_score, Grade.extra_credit)
    for student, name, manual, auto, extra in connection.execute(_rows(Grade, assignment, columns)):
        entry = found.setdefault(student, HandGrades())
        scores = ((entry.manual, manual), (entry.auto, auto), (entry.extra, extra))
        for target, value in scores:
            if value is not None:
                target[name] = float(value)


def _add_comments(connection: Any, assignment: str, found: dict[str, HandGrades]) -> None:
    from nbgrader.api import Comment

    columns = (Comment.manual_comment,)
    for student, name, text in connection.execute(_rows(Comment, assignment, columns)):
        if text and text.strip():
            found.setdefault(student, HandGrades()).comments[name] = text.strip()


def _rows(table: Any, assignment: str, columns: tuple) -> Any:
    """Student, cell and the columns of every row of a table about one assignment."""
    from nbgrader.api import Assignment, BaseCell, SubmittedAssignment, SubmittedNotebook
    from sqlalchemy import select

    return (
        select(SubmittedAssignment.student_id, BaseCell.name, *columns)
        .select_from(table)
        .join(BaseCell, BaseCell.id == table.cell_id)
        .join(SubmittedNotebook, SubmittedNotebook.id == table.notebook_id)
        .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .where(Assignment.name == assignment)
    )


def _add_penalties(connection: Any, assignment: str, found: dict[str, HandGrades]) -> None:
    from nbgrader.api import Assignment, SubmittedAssignment, SubmittedNotebook
    from sqlalchemy import select

    query = (
        select(SubmittedAssignment.student_id, SubmittedNotebook.late_submission_penalty)
        .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .where(Assignment.name == assignment)
    )
    for student, penalty in connection.execute(query):
        if penalty:
            found.setdefault(student, HandGrades()).penalty += float(penalty)

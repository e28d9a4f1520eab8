"""Write the sheets of grades that an instructor opens or uploads, as CSV."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path

from autograder.hand_grades import HandGrades, read_hand_grades
from autograder.roster import Record
from autograder.verify import UNCOUNTED

COLUMNS = ("student", "assignment", "check", "score", "max_score", "status")
CANVAS_COLUMNS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
MOODLE_USER = ("Identifier", "Full name", "ID number")
MOODLE_COLUMNS = (*MOODLE_USER, "Grade", "Maximum Grade", "Last modified (grade)")
BY_HAND = "by-hand"
NUMBER = re.compile(r"-?\d+(\.\d+)?")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
BLANK = r"[\s\u200b-\u200f\u2060\ufeff\"'`\u00b4\u2018-\u201d]*"
CELL_START = re.compile(rf"(^|[,;|])({BLANK})(?=([^,;|]?))")
People = Mapping[str, Record]


def written_cells(notebook: dict) -> dict[str, float]:
    """The points of each answer that people grade, by its id."""
    marks = (cell["metadata"].get("nbgrader", {}) for cell in notebook["cells"])
    by_hand = (mark for mark in marks if mark.get("grade") and mark.get("solution"))
    return {mark["grade_id"]: float(mark["points"]) for mark in by_hand}


def grades_csv(verdicts: list[dict], gradebook: Path) -> str:
    """The verdicts as CSV: one row for each student and check.

    An answer that people grade has a row too: its score is empty until the gradebook has one, and
    0 if there was no notebook to read. A score that people gave to a check replaces the check's.
    """
    assignments = dict.fromkeys(graded["assignment"] for graded in verdicts)
    hand = {name: read_hand_grades(gradebook, name) for name in assignments}
    rows = []
    for graded in verdicts:
        entered = hand[graded["assignment"]].get(graded["student"], HandGrades())
        rows += [*check_rows(graded, entered), *written_rows(graded, entered)]
    return sheet([COLUMNS, *rows])


def check_rows(graded: dict, entered: HandGrades) -> Iterable[tuple[str, ...]]:
    for row in map(entered.applied, graded["checks"]):
        counts = (number(row["score"]), number(row["max_score"]))
        yield (graded["student"], graded["assignment"], row["check"], *counts, row["status"])


def written_rows(graded: dict, entered: HandGrades) -> Iterable[tuple[str, ...]]:
    refused = graded["status"] != "graded"
    for name, points in graded["written"].items():
        score = entered.score(name)
        text = number(score) if score is not None else "0" if refused else ""
        status = graded["status"] if refused else BY_HAND
        yield (graded["student"], graded["assignment"], name, text, number(points), status)


# ------------------------------------------------------------------ one grade per student


def possible_points(graded: dict) -> float:
    """The points of the whole assignment, checks and answers graded by hand."""
    return sum(row["max_score"] for row in graded["checks"]) + sum(graded["written"].values())


def waiting(graded: dict, entered: HandGrades) -> list[str]:
    """The answers that wait for somebody to grade them."""
    if graded["status"] != "graded":
        return []
    return [name for name in graded["written"] if entered.score(name) is None]


def final_grade(graded: dict, entered: HandGrades) -> float | None:
    """The points of one student for the whole assignment; None while an answer waits.

    What people entered comes before a check's own score. A check that crashed counts for nobody:
    the share of the other points is taken of all points. The late penalty comes last.
    """
    if waiting(graded, entered):
        return None
    earned = counted = 0.0
    for score, points in scores_that_count(graded, entered):
        earned, counted = earned + score, counted + points
    if not counted:
        return None
    return max(0.0, earned * possible_points(graded) / counted - entered.penalty)


def scores_that_count(graded: dict, entered: HandGrades) -> Iterable[tuple[float, float]]:
    for row in map(entered.applied, graded["checks"]):
        if row["status"] not in UNCOUNTED:
            yield row["score"], row["max_score"]
    for name, points in graded["written"].items():
        yield entered.score(name) or 0.0, points


def canvas_csv(verdicts: list[dict], hand: Mapping[str, HandGrades], people: People) -> str:
    """One column of grades in the form in which Canvas' gradebook imports it."""
    assignment = verdicts[0]["assignment"] if verdicts else ""
    possible = number(possible_points(verdicts[0])) if verdicts else ""
    rows = [canvas_row(graded, hand, people) for graded in verdicts]
    points = ("    Points Possible", "", "", "", "", possible)
    return sheet([(*CANVAS_COLUMNS, assignment), points, *rows])


def canvas_row(graded: dict, hand: Mapping[str, HandGrades], people: People) -> tuple[str, ...]:
    """Canvas finds a student by its own number, else by the login, else by the name."""
    person = person_of(graded, people)
    known = person.platform == "canvas" and person.platform_id.isdecimal()
    number_of, login = (person.platform_id, "") if known else ("", person.student)
    # Canvas takes any row with these words in its first column for the row of points.
    name = (person.name or person.student).replace("Points Possible", "Points-Possible")
    return (name, number_of, "", login, "", grade_text(graded, hand))


def moodle_csv(verdicts: list[dict], hand: Mapping[str, HandGrades], people: People) -> str:
    """The grades as Moodle's offline grading worksheet and its gradebook's CSV import take them."""
    rows = [moodle_row(graded, hand, people) for graded in verdicts]
    return sheet([MOODLE_COLUMNS, *rows])


def moodle_row(graded: dict, hand: Mapping[str, HandGrades], people: People) -> tuple[str, ...]:
    person = person_of(graded, people)
    known = person.platform == "moodle" and person.platform_id.isdecimal()
    identifier, id_number = (
        (f"Participant {person.platform_id}", "") if known else ("", person.student)
    )
    head = (identifier, person.name or person.student, id_number)
    return (*head, grade_text(graded, hand), number(possible_points(graded)), "")


def person_of(graded: dict, people: People) -> Record:
    return people.get(graded["student"]) or Record(graded["student"], graded["assignment"])


def grade_text(graded: dict, hand: Mapping[str, HandGrades]) -> str:
    grade = final_grade(graded, hand.get(graded["student"], HandGrades()))
    return "" if grade is None else number(grade)


# ------------------------------------------------------------------ cells of a sheet


def sheet(rows: Iterable[Iterable[str]]) -> str:
    """Rows as CSV in which no cell is a formula, however a spreadsheet splits the line."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([[inert(cell) for cell in row] for row in rows])
    return text.getvalue()


def inert(cell: str) -> str:
    """A cell's text with an apostrophe wherever a spreadsheet would begin to read a formula.

    Tabs, line breaks and other control characters become spaces.
    """
    return cell if NUMBER.fullmatch(cell) else CELL_START.sub(disarmed, CONTROL.sub(" ", cell))


def disarmed(found: re.Match[str]) -> str:
    separator, lead, first = found.groups()
    formula = unicodedata.normalize("NFKC", first)[:1] in tuple("=+-@")
    return f"{separator}'{lead}" if formula else found.group()


def number(value: float | None) -> str:
    """A score without a needless decimal point."""
    return f"{value or 0.0:.6f}".rstrip("0").rstrip(".")

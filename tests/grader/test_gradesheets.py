"""Sheets of grades: what a platform imports, right totals, and no formula for a spreadsheet."""

import csv
import io
import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograder.gradesheets import (
    CANVAS_COLUMNS,
    canvas_csv,
    final_grade,
    grades_csv,
    inert,
    moodle_csv,
    number,
    sheet,
    waiting,
)
from autograder.hand_grades import HandGrades, read_hand_grades
from autograder.roster import Record

SIGNS = "=+-@＝＋－＠﹢\t\r"
BLANKS = " \t\n\r\u00a0\u3000\u200b\ufeff\"'`"
hostile = st.text(st.sampled_from(SIGNS + BLANKS + ",;|a1()"), max_size=12) | st.text(max_size=12)


def row(check: str, score: float, max_score: float, status: str = "graded") -> dict:
    return {"check": check, "cell": check, "score": score, "max_score": max_score} | {
        "status": status,
        "message": "",
        "detail": "",
    }


def verdict(student: str = "ada", status: str = "graded", **changes) -> dict:
    base = {"student": student, "assignment": "small", "status": status, "written": {"essay": 4.0}}
    return base | {"checks": [row("double", 1, 2), row("mean", 4, 4)]} | changes


def parsed(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def starts_formula(cell: str) -> bool:
    """Whether a spreadsheet that skips blanks and quotes in front would read a formula."""
    first = unicodedata.normalize("NFKC", cell.lstrip(BLANKS))[:1]
    return first in tuple("=+-@") and not re.fullmatch(r"-?\d+(\.\d+)?", cell)


@given(hostile)
@example("a;=1")
@example(" \u200b＝1")
@example("';=1")
def test_no_cell_begins_a_formula_whatever_the_separator(text):
    escaped = inert(text)
    assert not set(escaped) & set("\t\r\n\0")
    for piece in re.split(r"[,;|]", escaped):
        assert not starts_formula(piece) or piece.startswith("'")


@given(st.lists(hostile, min_size=1, max_size=4))
@example(["\r1"])
def test_a_sheet_keeps_every_row_and_cell(cells):
    rows = parsed(sheet([cells, cells]))
    assert len(rows) == 2
    for found in rows:
        assert [bare(cell) for cell in found] == [bare(cell) for cell in cells]


def bare(cell: str) -> str:
    return "".join(sign for sign in cell if sign != "'" and sign.isprintable() and sign != " ")


@given(st.floats(-1e4, 1e5).map(lambda x: round(x, 3)))
def test_numbers_stay_numbers(value):
    (cell,) = parsed(sheet([[number(value)]]))[0]
    assert float(cell) == pytest.approx(value, abs=1e-6)


@given(st.text(st.characters(categories=["L", "Zs", "Nd"]), max_size=20))
def test_ordinary_names_stay_as_they_are(name):
    assert inert(name) == name


def test_a_grade_waits_until_every_answer_has_a_score():
    assert final_grade(verdict(), HandGrades()) is None
    assert waiting(verdict(), HandGrades()) == ["essay"]
    assert final_grade(verdict(), HandGrades(manual={"essay": 3.5})) == 1 + 4 + 3.5


def test_an_answer_left_as_released_gets_the_zero_of_nbgrader():
    assert final_grade(verdict(), HandGrades(auto={"essay": 0.0})) == 5


def test_a_manual_score_comes_before_the_checks():
    entered = HandGrades(manual={"essay": 4, "check-double": 2}, extra={"essay": 0.5})
    assert final_grade(verdict(), entered) == 2 + 4 + 4.5


def test_the_late_penalty_is_taken_off_and_never_below_zero():
    assert final_grade(verdict(written={}), HandGrades(penalty=2)) == 3
    assert final_grade(verdict(written={}), HandGrades(penalty=20)) == 0


def test_a_crashed_check_neither_gives_nor_takes_points():
    crashed = [row("double", 0, 2, "check-crashed"), row("mean", 2, 4)]
    graded = verdict(checks=crashed, written={})
    assert final_grade(graded, HandGrades()) == 3, "half of what counts, of 6 points"
    everything = verdict(checks=[row("double", 0, 2, "check-crashed")], written={})
    assert final_grade(everything, HandGrades()) is None
    assert final_grade(graded, HandGrades(manual={"check-double": 2})) == 4


def test_a_submission_that_cannot_be_read_gets_zero():
    rows = [row("double", 0, 2, "no-notebook"), row("mean", 0, 4, "no-notebook")]
    refused = verdict(status="no-notebook", checks=rows)
    assert final_grade(refused, HandGrades()) == 0
    assert waiting(refused, HandGrades()) == []


def test_canvas_gets_its_columns_its_row_of_points_and_one_row_a_student():
    people = {
        "ada": Record("ada", "small", "canvas", "17", "lovelaceada"),
        "eve": Record("eve", "small", "canvas", "anon_18", "Points Possible"),
    }
    verdicts = [verdict("ada"), verdict("eve"), verdict("zoe")]
    hand = {name: HandGrades(manual={"essay": 1.5}) for name in ("ada", "eve")}
    header, points, *rows = parsed(canvas_csv(verdicts, hand, people))
    assert header == [*CANVAS_COLUMNS, "small"]
    assert points[0].strip() == "Points Possible"
    assert points[-1] == "10"
    assert rows[0] == ["lovelaceada", "17", "", "", "", "6.5"]
    assert "Points Possible" not in rows[1][0]
    assert rows[2] == ["zoe", "", "", "zoe", "", ""], "an answer waits, so there is no grade yet"


def test_moodle_gets_the_columns_that_its_worksheet_asks_for():
    people = {"ada": Record("ada", "small", "moodle", "17", "Ada Lovelace")}
    text = moodle_csv([verdict("ada", written={}), verdict("zoe", written={})], {}, people)
    header, *rows = parsed(text)
    assert {"Identifier", "Grade", "Last modified (grade)"} <= set(header)
    ada, zoe = (dict(zip(header, row, strict=True)) for row in rows)
    assert (ada["Identifier"], ada["Full name"], ada["Grade"]) == (
        "Participant 17",
        "Ada Lovelace",
        "5",
    )
    assert (zoe["Identifier"], zoe["ID number"]) == ("", "zoe")


def test_sheets_of_an_empty_class_have_their_header_only():
    assert len(parsed(canvas_csv([], {}, {}))) == 2
    assert len(parsed(moodle_csv([], {}, {}))) == 1


def test_a_hostile_student_id_is_no_formula_in_any_sheet(tmp_path):
    verdicts = [verdict('=HYPERLINK("http://x")', written={})]
    sheets = [canvas_csv(verdicts, {}, {}), moodle_csv(verdicts, {}, {})]
    for text in [*sheets, grades_csv(verdicts, tmp_path / "none.db")]:
        assert "'=HYPERLINK" in text
        assert not any(
            starts_formula(cell) for line in parsed(text) for cell in line if cell[0:1] != "'"
        )


def test_hand_grades_are_read_from_the_gradebook_without_writing_to_it(tmp_path):
    from nbgrader.api import Gradebook

    path = tmp_path / "gradebook.db"
    with Gradebook(f"sqlite:///{path}") as book:
        book.add_assignment("small")
        book.add_notebook("small", "small")
        book.add_grade_cell("essay", "small", "small", max_score=4, cell_type="markdown")
        book.add_solution_cell("essay", "small", "small")
        book.add_student("ada")
        book.add_submission("small", "ada")
        grade = book.find_grade("essay", "small", "small", "ada")
        grade.manual_score, grade.extra_credit = 3.0, 0.5
        book.find_comment("essay", "small", "small", "ada").manual_comment = " Well argued. "
        book.find_submission_notebook("small", "small", "ada").late_submission_penalty = 1.0
        book.db.commit()
    before = path.read_bytes()
    ada = read_hand_grades(path, "small")["ada"]
    assert ada.score("essay") == 3.5
    assert ada.comments == {"essay": "Well argued."}
    assert ada.penalty == 1
    assert ada.digest() != HandGrades().digest() == ""
    assert path.read_bytes() == before
    assert read_hand_grades(tmp_path / "none.db", "small") == {}

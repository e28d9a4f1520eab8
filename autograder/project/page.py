"""A project's page: every line of the rubric with its score, its evidence and its levels."""

from __future__ import annotations

from pathlib import Path

from autograder.feedback import band, by_hand_mark, path_of, sums
from autograder.files import write_atomically
from autograder.hand_grades import HandGrades
from autograder.pages import render
from autograder.project.rubric import Criterion, Rubric
from autograder.verify import NOT_ASSESSED

PAPER = "report.pdf"
NOTHING = HandGrades()


def write_page(out: Path, graded: dict, rubric: Rubric, entered: HandGrades = NOTHING) -> None:
    text = page(graded, rubric, entered, has_paper=(paper_path(out, graded)).exists())
    write_atomically(path_of(out, graded), text.encode("utf-8", "replace"))


def paper_path(out: Path, graded: dict) -> Path:
    """Where the PDF of a project lies, beside its page."""
    return path_of(out, graded).with_name(PAPER)


def page(
    graded: dict, rubric: Rubric, entered: HandGrades = NOTHING, has_paper: bool = False
) -> str:
    """The page that a student or a team gets, and that the instructor reads."""
    rows = [with_line(row, rubric, entered) for row in graded["checks"]]
    written = [by_hand(one, entered) for one in rubric.manual()]
    return render(
        "project.html",
        style=("feedback.css", "project.css"),
        title=rubric.title,
        student=graded["student"],
        mark=by_hand_mark(entered),
        timestamp=graded["timestamp"].partition(".")[0],
        sums=sums(rows, written, entered.penalty),
        unassessed=sum(row["status"] == NOT_ASSESSED for row in rows),
        notes=graded["notes"],
        rows=rows,
        written=written,
        overview=graded.get("overview", {}),
        paper=PAPER if has_paper else "",
        pages=graded.get("pages", 0),
    )


def with_line(row: dict, rubric: Rubric, entered: HandGrades) -> dict:
    """A row with what the rubric says of it, and what a person entered."""
    criterion = next(one for one in rubric.criteria if one.name == row["check"])
    name = f"check-{row['check']}"
    seen = entered.applied(row)
    lines = [line for line in row["message"].split("\n") if line]
    seen |= {"title": criterion.title, "evidence": criterion.evidence, "lines": lines}
    seen |= {"manual": name in entered.manual, "comment": entered.comments.get(name, "")}
    return seen | {"band": band(seen)}


def by_hand(one: Criterion, entered: HandGrades) -> dict:
    """A manual line: its levels, the one that was reached, the score and the comment."""
    score = entered.score(one.name)
    reached = None
    if score is not None:
        reached = next((level for level in one.levels if level.points <= score), one.levels[-1])
    found = [
        {"points": level.points, "means": level.means, "reached": level is reached}
        for level in one.levels
    ]
    head = {"name": one.name, "title": one.title, "evidence": one.evidence, "levels": found}
    comment = entered.comments.get(one.name, "")
    return head | {"score": score, "max_score": one.points, "comment": comment}

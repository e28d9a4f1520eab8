"""What a gradebook says, in a form that can be compared with another's."""

from pathlib import Path

from nbgrader.api import Gradebook, SubmittedAssignment


def contents(out: Path) -> dict[str, dict]:
    """For each student: when it came, each cell's scores and comments, the late penalty."""
    with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as gradebook:
        found = gradebook.db.query(SubmittedAssignment).all()
        return {f"{s.assignment.name} {s.student.id}": submission(s) for s in found}


def submission(entry: SubmittedAssignment) -> dict:
    (notebook,) = entry.notebooks
    return {
        "timestamp": str(entry.timestamp),
        "penalty": notebook.late_submission_penalty,
        "score": notebook.score,
        "grades": sorted(
            (g.name, g.auto_score, g.manual_score, g.needs_manual_grade) for g in notebook.grades
        ),
        "comments": sorted(
            (c.name, str(c.auto_comment), str(c.manual_comment)) for c in notebook.comments
        ),
    }

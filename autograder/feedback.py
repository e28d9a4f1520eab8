"""One student's page: what failed, the hint, what to do; their own answers, no hidden test."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
from markupsafe import Markup
from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from autograder import rebuild
from autograder.files import write_atomically
from autograder.hand_grades import HandGrades
from autograder.pages import UNSEEN, preformatted, render, visible
from autograder.sanitize import PICTURES, safe_outputs
from autograder.verify import CAUSES, UNCOUNTED, total

REFUSED = ("unreadable-notebook", "no-notebook", "wrong-assignment")
RERUN = "Restart the kernel and run all cells from the top: it must go through without an error."
ADVICE = {
    "unanswered": "If you did write an answer, it was not saved, or it stands in another file.",
    "missing-cell": "Take a fresh copy of the assignment and put your answers into its own cells; "
    "do not delete these cells, and do not make them anew.",
    "cell-error": RERUN,
    "timeout": "Look for a loop that never ends, and for work that is done again and again.",
    "kernel-died": "Take out calls that end Python, such as `exit()`, `quit()` or `os._exit()`. "
    + RERUN,
    "memory": "Look for tensors and lists that grow with every step, and keep only what you need.",
    "processes": "Work in one process: no `multiprocessing`, no thread pools, `num_workers=0`.",
    "disk": "Write no files, or small ones; the answer itself stays in the notebook.",
    "unreadable-notebook": "Open your file in JupyterLab. If it opens there, save it and hand it "
    "in again; if it does not, go back to a copy that does.",
    "no-notebook": "Hand in the notebook itself, the file whose name ends in `.ipynb`.",
    "wrong-assignment": "Check which file you handed in, and hand in the notebook of this "
    "assignment.",
}
NOTHING = HandGrades()


def path_of(out: Path, graded: dict) -> Path:
    """Where nbgrader looks for feedback."""
    student, assignment = graded["student"], graded["assignment"]
    return out / "feedback" / student / assignment / f"{assignment}.html"


def write_feedback(out: Path, graded: dict, entered: HandGrades = NOTHING) -> None:
    """Write one student's page, with what people entered in the gradebook."""
    write_atomically(path_of(out, graded), feedback(graded, entered).encode("utf-8", "replace"))


def is_current(out: Path, graded: dict, entered: HandGrades) -> bool:
    """Whether the page that is there shows what people have entered until now."""
    path = path_of(out, graded)
    if not path.exists():
        return False
    with path.open(encoding="utf-8") as file:
        return by_hand_mark(entered) in file.read(2000)


def by_hand_mark(entered: HandGrades) -> Markup:
    return Markup('<meta name="entered-by-hand" content="{}">').format(entered.digest())


def feedback(graded: dict, entered: HandGrades = NOTHING) -> str:
    """The page that one student gets."""
    refused = graded["status"] in REFUSED
    rows = [with_hand_grade(row, entered) for row in graded["checks"]]
    found = [] if refused else questions(graded, rows, entered)
    written = [entry["by_hand"] for entry in found if entry["by_hand"]]
    return render(
        "feedback.html",
        style=("feedback.css",),
        assignment=graded["assignment"],
        student=graded["student"],
        mark=by_hand_mark(entered),
        sums=sums(rows, written, entered.penalty),
        timestamp=graded["timestamp"].partition(".")[0],
        sandbox=graded["sandbox"],
        refusal=f"{CAUSES[graded['status']].rstrip('.')}." if refused else "",
        advice=ADVICE[graded["status"]] if refused else "",
        notes=graded["notes"],
        questions=found,
        failed=[entry for entry in found if entry["open"]],
    )


def sums(rows: list[dict], written: list[dict], penalty: float) -> dict:
    """The points: of the checks, of what people graded, what was taken off, and in all."""
    score, max_score = total(rows)
    given = [line for line in written if line["score"] is not None]
    by_hand = sum(line["score"] for line in given)
    return {
        "score": score,
        "max_score": max_score,
        "share": round(min(100, 100 * score / max_score), 2) if max_score else 0,
        "by_hand": by_hand,
        "by_hand_max": sum(line["max_score"] for line in given),
        "waiting": len(written) - len(given),
        "penalty": penalty,
        "total": max(0.0, score + by_hand - penalty),
        "possible": max_score + sum(line["max_score"] for line in written),
    }


def with_hand_grade(row: dict, entered: HandGrades) -> dict:
    """A check's row as students see it: with what a person decided, and what to do."""
    name = f"check-{row['check']}"
    seen = entered.applied(row)
    seen |= {"advice": ADVICE.get(seen["status"], ""), "manual": name in entered.manual}
    seen["comment"] = entered.comments.get(name, "")
    return seen | {"band": band(seen), "verdict": verdict(seen)}


def band(row: dict) -> str:
    """Full marks, part of them, or none; empty for what does not count."""
    if row["status"] in UNCOUNTED:
        return ""
    if row["score"] >= row["max_score"]:
        return "full"
    return "part" if row["score"] > 0 else "none"


def verdict(row: dict) -> str:
    if row["status"] == "unanswered":
        return "not answered"
    names = {"full": "right", "part": "partly right", "none": "not right yet", "": "not counted"}
    return names[band(row)]


# The answers.


def questions(graded: dict, rows: list[dict], entered: HandGrades) -> list[dict]:
    """Each answer with the checks and the visible test that follow it in the notebook."""
    notebook = safe_outputs(nbformat.from_dict(graded["notebook"]))
    by_check = {row["check"]: row for row in rows}
    found: list[dict] = []
    heading = ""
    for cell in notebook.cells:
        if rebuild.is_answer(cell):
            found.append(question(cell, heading, entered))
        elif cell.cell_type == "markdown" and not is_added(cell):
            heading = last_heading(cell.source) or heading
        elif rebuild.is_hidden_check(cell) and found:
            found[-1]["checks"].append(by_check[rebuild.check_id(cell)])
        elif found and rebuild.mark_id(cell).startswith("test-"):
            found[-1]["visible_error"] = error_message(cell)
    return [with_totals(entry) for entry in found]


def is_added(cell: NotebookNode) -> bool:
    return "added" in cell.metadata.get("tags", [])


def question(cell: NotebookNode, heading: str, entered: HandGrades) -> dict:
    name = rebuild.mark_id(cell)
    return {
        "title": heading or name.replace("-", " "),
        "name": name,
        "source": highlighted(cell),
        "prose": cell.cell_type != "code",
        "outputs": [shown(output) for output in cell.get("outputs", [])] + attached(cell),
        "checks": [],
        "by_hand": by_hand(cell, entered),
        "comment": entered.comments.get(name, ""),
        "visible_error": "",
    }


def by_hand(cell: NotebookNode, entered: HandGrades) -> dict:
    """Score and points of an answer that a person grades; empty for any other."""
    marks = cell.metadata.nbgrader
    if not marks.get("grade"):
        return {}
    return {"score": entered.score(rebuild.mark_id(cell)), "max_score": float(marks.points)}


def with_totals(entry: dict) -> dict:
    score, max_score = total(entry["checks"])
    lost, tried = score < max_score, any(c["status"] != "unanswered" for c in entry["checks"])
    found = {"score": score, "max_score": max_score, "open": lost, "tried": tried}
    return entry | found


def last_heading(text: str) -> str:
    found = re.findall(r"^#{1,6}\s+(.+?)\s*#*$", text, re.MULTILINE)
    return re.sub(r"[`*_]", "", found[-1]) if found else ""


def error_message(cell: NotebookNode) -> str:
    """What the cell's error said, empty if it ran through."""
    errors = [o for o in cell.outputs if o.output_type == "error"]
    if not errors or errors[-1].ename == "NotImplementedError":
        return ""
    return visible(f"{errors[-1].ename}: {errors[-1].evalue[:600]}")


def highlighted(cell: NotebookNode) -> Markup:
    """A cell's source as HTML: code in colors, an answer in prose as it was written."""
    source = UNSEEN.sub("", cell.source[:100_000])
    if cell.cell_type != "code":
        return Markup("{}").format(source)
    return Markup(highlight(source, PythonLexer(), HtmlFormatter(nowrap=True)))


def shown(output: NotebookNode) -> Markup:
    """One cleaned output as HTML."""
    if output.output_type == "stream":
        return preformatted(output.text)
    if output.output_type == "error":
        return preformatted("\n".join(output.traceback[-30:]))
    data = output.data
    for kind in PICTURES:
        if kind in data:
            return picture(kind, data[kind], "output of this cell")
    if "text/html" in data:
        return Markup(UNSEEN.sub("", data["text/html"]))
    return preformatted(data.get("text/plain", ""))


def attached(cell: NotebookNode) -> list[Markup]:
    """The pictures of an answer in prose."""
    bundles = cell.get("attachments", {}).items()
    return [picture(kind, data, name) for name, one in bundles for kind, data in one.items()]


def picture(kind: str, data: str, name: str) -> Markup:
    source = f"data:{kind};base64,{''.join(data.split())}"
    return Markup('<img alt="{}" src="{}">').format(visible(name), source)

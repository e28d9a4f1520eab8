"""What people read: each student's feedback and the class report, as self-contained pages."""

from __future__ import annotations

import base64
import functools
import hashlib
import re
import statistics
from collections import Counter
from pathlib import Path

import jinja2
import nbformat
from markupsafe import Markup, escape
from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from autograder import rebuild
from autograder.files import write_atomically
from autograder.sanitize import safe_notebook
from autograder.verify import CAUSES, total

TEMPLATES = Path(__file__).parent / "templates"
REFUSED = ("unreadable-notebook", "no-notebook", "wrong-assignment")
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
CAUSE_NAMES = {
    "graded": "an answer that is not right",
    "cell-error": "an answer's cell with an error",
    "missing-cell": "a missing cell",
    "timeout": "too slow",
    "kernel-died": "ended its own process",
    "unreadable-notebook": "an unreadable notebook",
    "no-notebook": "no notebook",
    "wrong-assignment": "another assignment's notebook",
    "check-crashed": "a check that crashed (not counted)",
}


@functools.cache
def environment() -> jinja2.Environment:
    """Templates that escape whatever they are given."""
    loader = jinja2.FileSystemLoader(TEMPLATES)
    made = jinja2.Environment(
        loader=loader, autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined
    )
    made.filters.update(points=points, words=words, band=band, verdict=verdict, ticked=ticked)
    made.globals["style"] = Markup((TEMPLATES / "style.css").read_text(encoding="utf-8"))
    return made


def points(value: float) -> str:
    return f"{value:g}"


def words(name: str) -> str:
    """An id as words."""
    return name.replace("-", " ").replace("_", " ")


def band(row: dict) -> str:
    """Full marks, part of them, or none; empty for what does not count."""
    if row["status"] == "check-crashed":
        return ""
    if row["score"] >= row["max_score"]:
        return "full"
    return "part" if row["score"] > 0 else "none"


def verdict(row: dict) -> str:
    names = {"full": "right", "part": "partly right", "none": "not right yet", "": "not counted"}
    return names[band(row)]


# Feedback for a student.


def write_feedback(out: Path, graded: dict) -> None:
    """One student's page, where nbgrader looks for feedback."""
    student, assignment = graded["student"], graded["assignment"]
    path = out / "feedback" / student / assignment / f"{assignment}.html"
    write_atomically(path, feedback(graded).encode())


def feedback(graded: dict) -> str:
    """The page that one student gets: scores, hints, their own answers; no hidden test."""
    score, max_score = total(graded["checks"])
    refused = graded["status"] in REFUSED
    return (
        environment()
        .get_template("feedback.html")
        .render(
            assignment=graded["assignment"],
            student=graded["student"],
            score=score,
            max_score=max_score,
            share=round(100 * score / max_score, 2) if max_score else 0,
            timestamp=graded["timestamp"].partition(".")[0],
            sandbox=graded["sandbox"],
            refusal=f"{CAUSES[graded['status']]}." if refused else "",
            notes=graded["notes"],
            questions=[] if refused else questions(graded),
            script_hash="",
        )
    )


def questions(graded: dict) -> list[dict]:
    """Each answer with the checks and the visible test that follow it in the notebook."""
    notebook = safe_notebook(nbformat.from_dict(graded["notebook"]))
    rows = {row["check"]: row for row in graded["checks"]}
    found: list[dict] = []
    heading = ""
    for cell in notebook.cells:
        if rebuild.is_answer(cell):
            found.append(question(cell, heading))
        elif cell.cell_type == "markdown":
            heading = last_heading(cell.source) or heading
        elif rebuild.is_hidden_check(cell) and found:
            found[-1]["checks"].append(rows[rebuild.check_id(cell)])
        elif found and rebuild.mark_id(cell).startswith("test-"):
            found[-1]["visible_error"] = error_message(cell)
    return [with_totals(entry) for entry in found]


def question(cell: NotebookNode, heading: str) -> dict:
    name = rebuild.mark_id(cell)
    outputs = cell.get("outputs", [])
    return {
        "title": heading or words(name),
        "name": name,
        "source": highlighted(cell),
        "prose": cell.cell_type != "code",
        "outputs": [shown(output) for output in outputs],
        "checks": [],
        "visible_error": "",
    }


def with_totals(entry: dict) -> dict:
    score, max_score = total(entry["checks"])
    return entry | {"score": score, "max_score": max_score, "open": score < max_score}


def last_heading(text: str) -> str:
    found = re.findall(r"^#{1,6}\s+(.+?)\s*#*$", text, re.MULTILINE)
    return re.sub(r"[`*_]", "", found[-1]) if found else ""


def error_message(cell: NotebookNode) -> str:
    """What the cell's error said, empty if it ran through."""
    errors = [o for o in cell.outputs if o.output_type == "error"]
    if not errors or errors[-1].ename == "NotImplementedError":
        return ""
    return f"{errors[-1].ename}: {ANSI.sub('', errors[-1].evalue)[:600]}"


def highlighted(cell: NotebookNode) -> Markup:
    """A cell's source as HTML: code in colors, an answer in prose as it was written."""
    if cell.cell_type != "code":
        return Markup("{}").format(cell.source)
    return Markup(highlight(cell.source, PythonLexer(), HtmlFormatter(nowrap=True)))


def ticked(text: str) -> Markup:
    """Text in which names between backticks are set as code."""
    return Markup(re.sub(r"`([^`\n]{1,200})`", r"<code>\1</code>", str(escape(text))))


def shown(output: NotebookNode) -> Markup:
    """One cleaned output as HTML."""
    if output.output_type == "stream":
        return preformatted(output.text)
    if output.output_type == "error":
        return preformatted("\n".join(output.traceback[-30:]))
    data = output.data
    for kind in ("image/png", "image/jpeg"):
        if kind in data:
            source = f"data:{kind};base64,{''.join(data[kind].split())}"
            return Markup('<img alt="output of this cell" src="{}">').format(source)
    if "text/html" in data:
        return Markup(data["text/html"])
    return preformatted(data.get("text/plain", ""))


def preformatted(text: str) -> Markup:
    """Terminal text without colors, each line as it was last overwritten, not too many of them."""
    lines = [line.rsplit("\r", 1)[-1] for line in ANSI.sub("", text).rstrip().split("\n")]
    if len(lines) > 200:
        lines = [*lines[:150], f"[{len(lines) - 180} lines left out]", *lines[-30:]]
    return Markup("<pre>{}</pre>").format("\n".join(lines)[:50_000])


# The report for the instructor.


def class_report(assignment: str, results: dict[str, dict]) -> str:
    """One page about the whole class."""
    script = (TEMPLATES / "sort.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    graded = list(results.values())
    rows = [row for one in graded for row in one["checks"]]
    shares = [s / m for s, m in (total(one["checks"]) for one in graded) if m]
    times = [one["seconds"] for one in graded if one["seconds"]]
    names = list(dict.fromkeys(row["check"] for row in rows))
    maxima = {row["check"]: row["max_score"] for row in rows}
    ran = [one for one in graded if one["status"] not in REFUSED]
    return (
        environment()
        .get_template("report.html")
        .render(
            assignment=assignment,
            unsandboxed=sum(not one["sandbox"] for one in ran),
            students=[student_row(one, names) for one in graded],
            names=names,
            points=sum(maxima.values()),
            median=percent(statistics.median(shares)) if shares else "–",
            perfect=sum(share >= 1 for share in shares),
            refused=len(graded) - len(ran),
            seconds=f"{statistics.median(times):.1f} s" if times else "–",
            excluded=len(graded) - len(shares),
            histogram=histogram(shares),
            checks=[difficulty(name, [r for r in rows if r["check"] == name]) for name in names],
            causes=causes(graded),
            attention=attention(graded),
            script=Markup(script),
            script_hash=Markup(f"'sha256-{digest}'"),
        )
    )


def student_row(graded: dict, names: list[str]) -> dict:
    rows = {row["check"]: row for row in graded["checks"]}
    score, max_score = total(graded["checks"])
    cells = [rows.get(name) for name in names]
    return {"name": graded["student"], "score": score, "max_score": max_score, "cells": cells}


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def histogram(shares: list[float]) -> Markup:
    """Ten bars of scores with their counts, and the median as a dashed line."""
    counts = [0] * 10
    for share in shares:
        counts[min(int(share * 10 + 1e-9), 9)] += 1
    top = max([*counts, 1])
    bars = [histogram_bar(i, count, 120 * count / top) for i, count in enumerate(counts)]
    ticks = [
        Markup('<text x="{}" y="173" text-anchor="middle">{}</text>').format(20 + 36 * i, 10 * i)
        for i in range(0, 11, 2)
    ]
    described = ", ".join(
        f"{n} from {10 * i} to {10 * i + 10} %" for i, n in enumerate(counts) if n
    )
    label = f"Histogram of {len(shares)} scores in percent: {described or 'no scores'}."
    return Markup(
        '<svg class="histogram" viewBox="0 0 400 200" role="img" aria-label="{}">'
        '{}<line class="axis" x1="20" x2="380" y1="156" y2="156"></line>{}{}'
        '<text x="200" y="193" text-anchor="middle">score in percent</text></svg>'
    ).format(label, Markup("").join(bars), Markup("").join(ticks), median_line(shares))


def histogram_bar(position: int, count: int, height: float) -> Markup:
    if not count:
        return Markup("")
    left, top = 22 + 36 * position, 156 - height
    return Markup(
        '<rect class="bar" x="{}" y="{:.1f}" width="32" height="{:.1f}" rx="3"></rect>'
        '<text class="strong" x="{}" y="{:.1f}" text-anchor="middle">{}</text>'
    ).format(left, top, height, left + 16, top - 5, count)


def median_line(shares: list[float]) -> Markup:
    if not shares:
        return Markup("")
    x = 20 + 360 * statistics.median(shares)
    anchor = "end" if x > 350 else "start" if x < 50 else "middle"
    return Markup(
        '<line class="median" x1="{0:.1f}" x2="{0:.1f}" y1="14" y2="156"></line>'
        '<text x="{1:.1f}" y="11" text-anchor="{2}">median</text>'
    ).format(x, x, anchor)


def difficulty(name: str, rows: list[dict]) -> dict:
    """A bar of full, partial and no marks of one check, and the mean share of its points."""
    counts = Counter(band(row) for row in rows)
    counted = [row for row in rows if band(row)]
    if not counted:
        return {"name": words(name), "svg": strip([], "no score counts"), "label": "–"}
    mean = statistics.fmean(row["score"] / row["max_score"] for row in counted)
    label = f"{counts['full']} with full marks, {counts['part']} with part, {counts['none']} none"
    parts = [(kind, counts[kind] / len(counted)) for kind in ("full", "part", "none")]
    return {"name": words(name), "svg": strip(parts, label), "label": percent(mean)}


def strip(parts: list[tuple[str, float]], label: str) -> Markup:
    """A horizontal bar of colored parts, as wide as its place."""
    rects, left = [], 0.0
    for kind, share in parts:
        rect = '<rect class="{}" x="{:.2f}" width="{:.2f}" height="1"></rect>'
        rects.append(Markup(rect).format(kind, 100 * left, 100 * share))
        left += share
    return Markup(
        '<svg viewBox="0 0 100 1" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
    ).format(label, Markup("").join(rects))


def causes(graded: list[dict]) -> list[dict]:
    """For each cause, how many checks lost points by it, of how many students."""
    lost = [
        (row["status"], one["student"])
        for one in graded
        for row in one["checks"]
        if band(row) != "full"
    ]
    counts = Counter(status for status, _ in lost)
    top = max(counts.values(), default=1)
    bars = []
    for status, count in counts.most_common():
        students = len({student for cause, student in lost if cause == status})
        label = f"{counted(count, 'check')}, {counted(students, 'student')}"
        svg = strip([("full", count / top)], label)
        bars.append({"name": CAUSE_NAMES[status], "svg": svg, "label": label})
    return bars


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def attention(graded: list[dict]) -> list[dict]:
    """What an instructor should look at: crashed checks first, then odd submissions."""
    crashes: dict[str, dict] = {}
    for one in graded:
        for row in one["checks"]:
            if row["status"] == "check-crashed":
                entry = crashes.setdefault(row["check"], {"students": [], "detail": row["detail"]})
                entry["students"].append(one["student"])
    items = [
        {
            "title": f"The check “{words(name)}” crashed",
            "lines": [f"It counts for none of these: {', '.join(entry['students'])}."],
            "detail": entry["detail"],
        }
        for name, entry in crashes.items()
    ]
    for one in graded:
        lines = [f"{note[:1].upper()}{note[1:]}." for note in one["notes"]]
        if one["status"] in REFUSED:
            lines = [f"{CAUSES[one['status']]}.", *lines]
        if lines:
            items.append({"title": one["student"], "lines": lines, "detail": ""})
    return items

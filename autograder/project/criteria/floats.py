"""Figures, tables, and what refers to what."""

from __future__ import annotations

import io
import re

from autograder.project.criteria.form import key_of
from autograder.project.document import Float, Picture
from autograder.project.rubric import Marks, Report, judges_criterion

LETTERS = re.compile(r"[^\W\d_]{2,}")
TICK = re.compile(r"^[-−+]?\d+(\.\d+)?%?$")
MOST_TEXTS = 5000
LARGEST_FIGURE = 5 * 10**6


def own_floats(report: Report) -> list[Float]:
    """The figures and tables that are not the template's examples."""
    left = report.template.captions
    return [
        one
        for one in report.document.floats
        if not one.captions or key_of(one.captions[0][0]) not in left
    ]


@judges_criterion("captions")
def captions(report: Report, marks: Marks) -> None:
    """Every figure and table has a caption and a number, and there are some of each."""
    floats = own_floats(report)
    if not floats:
        marks.nothing("there is no figure and no table of your own")
        return
    for kind in marks["kinds"]:
        if kind not in {one.kind for one in floats}:
            marks.fault(f"there is no {kind} of your own", points=marks.criterion.points / 2)
    for one in floats:
        said = [text for text, _ in one.captions if len(text.split()) >= marks["least_words"]]
        if not one.captions and not any(part.captions for part in one.parts):
            marks.fault(f"the {one.name} has no caption", one.place)
        elif not one.captions:
            marks.fault(f"the {one.name} has captions for its parts only", one.place)
        elif not said:
            marks.fault(f"the caption of the {one.name} says next to nothing", one.captions[0][1])
        if not one.numbered:
            marks.fault(f"the {one.name} has a caption without a number", one.place)
    for table in report.document.loose_tables:
        if table.rows and len(table.rows) > 1 and len(table.rows[0]) > 1:
            marks.fault("a table stands in the text without caption and number", table.place)
    for picture in report.document.loose_pictures:
        if picture.place.line and not in_front(report, picture):
            marks.fault("a picture stands in the text without caption and number", picture.place)


def in_front(report: Report, picture: Picture) -> bool:
    """Whether a picture stands before the first section, as a logo does."""
    first = report.document.sections[0].place if report.document.sections else None
    return first is None or (picture.place.file == first.file and picture.place.line < first.line)


@judges_criterion("cross-references")
def cross_references(report: Report, marks: Marks) -> None:
    """Every figure and table is referred to, and every reference leads somewhere."""
    document = report.document
    labels = {mention.key for mention in document.labels}
    referred = {mention.key for mention in document.references}
    floats = own_floats(report)
    if not floats:
        marks.nothing("there is no figure and no table of your own to refer to")
        return
    for one in floats:
        if not one.every_label():
            marks.fault(f"the {one.kind} has no label, so nothing can refer to it", one.place)
        elif not referred & set(one.every_label()):
            marks.fault(f"nothing in the text refers to the {one.name}", one.place)
    reported = set()
    for mention in document.references:
        if mention.key not in labels and mention.key not in reported:
            reported.add(mention.key)
            marks.fault(f"the reference '{mention.key}' leads nowhere", mention.place)
    seen = set()
    for mention in document.labels:
        if mention.key in seen:
            marks.fault(f"the label '{mention.key}' is there twice", mention.place)
        seen.add(mention.key)


@judges_criterion("axes")
def axes(report: Report, marks: Marks) -> None:
    """The axes of plots have labels, where that can be known."""
    pictures = [(one, picture) for one in own_floats(report) for picture in one.every_picture()]
    if not pictures:
        marks.nothing("there is no figure of your own")
        return
    known = 0
    for one, picture in pictures:
        labeled = picture.axes or axes_of(report.files.get(picture.name, b""), picture.name)
        if labeled is None:
            marks.note(
                f"look whether the axes of {picture.name or one.name} are labeled", one.place
            )
            continue
        known += 1
        for axis, there in zip(("x", "y"), labeled, strict=True):
            if not there:
                name = picture.name or f"plot in the {one.name}"
                marks.fault(f"the {axis} axis of the {name} has no label", picture.place)
    if not known:
        marks.not_assessed("not assessed: a person has to look at the pictures")


def axes_of(data: bytes, name: str) -> tuple[bool, bool] | None:
    """Whether a plot in a PDF has labels on its axes; None if that cannot be known.

    A plot is known by its ticks: numbers in a row and in a column. The label of the x axis stands
    below the row, that of the y axis is turned.
    """
    if not name.lower().endswith(".pdf") or not 0 < len(data) < LARGEST_FIGURE:
        return None
    try:
        texts = placed_texts(data)
    except Exception:
        return None
    ticks = [(x, y) for text, x, y, turned in texts if TICK.match(text) and not turned]
    row = most_alike([y for _, y in ticks])
    column = most_alike([x for x, _ in ticks])
    if row is None or column is None:
        return None
    below = any(LETTERS.search(text) and not turned and y < row - 1 for text, _, y, turned in texts)
    beside = any(LETTERS.search(text) and turned for text, _, _, turned in texts)
    return below, beside


def placed_texts(data: bytes) -> list[tuple[str, float, float, bool]]:
    """The texts of a figure's first page, where they stand, and whether they are turned."""
    from pypdf import PdfReader

    found: list[tuple[str, float, float, bool]] = []

    def visit(text: str, outer: list, inner: list, font: dict, size: float) -> None:
        said = text.strip()
        if said and len(found) < MOST_TEXTS:
            a, b, _, _, x, y = product(inner, outer)
            found.append((said, x, y, abs(b) > abs(a)))

    PdfReader(io.BytesIO(data)).pages[0].extract_text(visitor_text=visit)
    return found


def product(inner: list, outer: list) -> tuple[float, ...]:
    """The matrix of a text on its page."""
    a, b, c, d, e, f = map(float, inner)
    k, m, n, o, p, q = map(float, outer)
    return (
        a * k + b * n,
        a * m + b * o,
        c * k + d * n,
        c * m + d * o,
        e * k + f * n + p,
        e * m + f * o + q,
    )


def most_alike(values: list[float]) -> float | None:
    """The value that at least three share within a point or two; None if there is none."""
    best: list[float] = []
    for value in values[:200]:
        near = [one for one in values if abs(one - value) < 6]
        if len(near) > len(best):
            best = near
    return sum(best) / len(best) if len(best) >= 3 else None

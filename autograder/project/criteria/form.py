"""What was handed in, whether it compiles, its sections, its length."""

from __future__ import annotations

import re

from autograder.project.document import Document, Section, words
from autograder.project.rubric import Marks, Report, Template, judges_criterion
from autograder.project.sources import Place
from autograder.project.typesetting import place_of

FILES = ("main", "encoding", "path", "shell", "loop", "syntax", "size", "missing", "archive")
NOTHING = ("no-main", "pdf-only", "not-a-zip")


@judges_criterion("files")
def files(report: Report, marks: Marks) -> None:
    """One main file, everything it names, in UTF-8, nothing from outside."""
    for problem in [*report.problems, *report.document.problems, *report.bibliography.problems]:
        if problem.kind in NOTHING:
            marks.nothing(problem.text, problem.place)
        elif problem.kind in FILES:
            marks.fault(problem.text, problem.place)


@judges_criterion("compiles")
def compiles(report: Report, marks: Marks) -> None:
    """LaTeX makes a PDF of it without an error."""
    made = report.typeset
    if not report.document.main:
        marks.nothing("there is nothing to compile")
        return
    if made.status == "not-assessed":
        marks.not_assessed(made.reason)
        for error in made.errors[:3]:
            marks.note(error[2], place_of(error))
        return
    for error in made.errors:
        marks.fault(error[2], place_of(error))
    if made.status == "ok" and made.pages > marks["most_pages"]:
        said = f"the PDF has {made.pages} pages, more than {marks['most_pages']}"
        marks.fault(said, Place(report.document.main, 1))
    if made.status != "ok" and not made.pdf and made.errors:
        marks.lost = marks.criterion.points


@judges_criterion("sections")
def sections(report: Report, marks: Marks) -> None:
    """The required sections, in their order, each with something of the student's own in it."""
    document = report.document
    if not document.sections:
        marks.nothing("there is no section")
        return
    last = -1
    for required in marks["required"]:
        number = found_at(document, required["titles"])
        if number is None:
            marks.fault(f"there is no section '{required['name']}'")
            continue
        section = document.sections[number]
        if number < last:
            marks.fault(f"'{section.title}' comes too early in the report", section.place)
        last = max(last, number)
        own = own_words(document.chapter(number), report.template)
        least = required.get("least_words", marks["least_words"])
        if own < least:
            said = f"'{section.title}' has {own} words of your own, fewer than {least}"
            marks.fault(said if own else f"'{section.title}' is empty", section.place)


def found_at(document: Document, titles: list[str]) -> int | None:
    """The section that bears one of the titles, among others perhaps; the highest such."""
    wanted = [re.compile(rf"\b{title}\b", re.IGNORECASE) for title in titles]
    fitting = [
        (section.level, number)
        for number, section in enumerate(document.sections)
        if any(pattern.search(section.title) for pattern in wanted)
    ]
    return min(fitting)[1] if fitting else None


def own_words(sections: list[Section], template: Template) -> int:
    """The words of some sections that the template does not hold."""
    return sum(
        len(words(sentence))
        for section in sections
        for sentence, _ in section.prose.sentences()
        if key_of(sentence) not in template.sentences
    )


def key_of(sentence: str) -> str:
    """A sentence's letters: what is the same in two copies of it."""
    return re.sub(r"[\W_]+", "", sentence).lower()


@judges_criterion("length")
def length(report: Report, marks: Marks) -> None:
    """Abstract and body within the limits of the rubric."""
    document = report.document
    half = marks.criterion.points / 2
    low, high = marks["abstract"]
    if document.abstract is None:
        marks.fault("there is no abstract", points=half)
    else:
        own = sum(
            len(words(sentence))
            for sentence, _ in document.abstract.sentences()
            if key_of(sentence) not in report.template.sentences
        )
        outside(marks, "the abstract", own, (low, high), document.abstract_place, half)
    body = [s for s in document.body() if not found_title(s, marks["not_counted"])]
    own = own_words(body, report.template)
    place = document.sections[0].place if document.sections else None
    outside(marks, "the body", own, tuple(marks["body"]), place, half)


def found_title(section: Section, titles: list[str]) -> bool:
    return any(re.search(rf"\b{title}\b", section.title, re.IGNORECASE) for title in titles)


def outside(
    marks: Marks, what: str, own: int, limits: tuple, place: Place | None, points: float
) -> None:
    low, high = limits
    if own < low:
        marks.fault(f"{what} has {own} words, fewer than {low}", place, points)
    elif own > high:
        marks.fault(f"{what} has {own} words, more than {high}", place, points)

"""What is left of the template, and the statements that a report must make."""

from __future__ import annotations

import re
from collections.abc import Iterator

from autograder.project.criteria.form import found_at, key_of, own_words
from autograder.project.document import Prose
from autograder.project.rubric import Marks, Report, judges_criterion
from autograder.project.sources import Place

LEFT = re.compile(
    r"\b(TO\s?DO|FIX\s?ME|X{3,}|TBD|TBA|lorem ipsum|your (?:text|name|title) here|insert \w+ here|"
    r"placeholder|Firstname Lastname|Author Name)\b",
    re.IGNORECASE,
)
UNRESOLVED = re.compile(r"\?\?+")
FILLER = re.compile(r"\\(lipsum|blindtext|Blindtext|kant)(?![A-Za-z])")


@judges_criterion("leftovers")
def leftovers(report: Report, marks: Marks) -> None:
    """No text of the template, no note to oneself, no filler."""
    document = report.document
    if not sum(own_words([section], report.template) for section in document.sections):
        marks.nothing("there is no text of your own")
        return
    for text, place in document.notes:
        marks.fault(f"a note is left: '{text[:60].strip()}'", place)
    for prose in texts(report):
        for sentence, place in prose.sentences():
            if key_of(sentence) in report.template.sentences and len(sentence.split()) >= 5:
                marks.fault(f"this is the template's text: '{sentence[:60]}'", place)
        for match in [*LEFT.finditer(prose.text), *UNRESOLVED.finditer(prose.text)]:
            marks.fault(f"'{match[0]}' is left in the text", prose.place(match.start()))
    for one in document.floats:
        for text, place in one.captions[:1]:
            if key_of(text) in report.template.captions:
                marks.fault(f"this is the template's example: '{text[:60]}'", place)
    for name in sorted(document.read):
        for number, line in enumerate(report.files[name].decode("utf-8", "replace").split("\n"), 1):
            if FILLER.search(line.split("%")[0]):
                marks.fault("filler text is typeset here", Place(name, number))


def texts(report: Report) -> Iterator[Prose]:
    document = report.document
    yield document.front
    if document.abstract is not None:
        yield document.abstract
    yield from (section.prose for section in document.sections)
    yield document.captions


@judges_criterion("statements")
def statements(report: Report, marks: Marks) -> None:
    """Who did what, and which tools were used for what."""
    for required in marks["required"]:
        number = found_at(report.document, required["titles"])
        share = marks.criterion.points / len(marks["required"])
        if number is None:
            marks.fault(f"there is no statement '{required['name']}'", points=share)
            continue
        own = own_words(report.document.chapter(number), report.template)
        if own < required["least_words"]:
            place = report.document.sections[number].place
            said = f"the statement '{required['name']}' says next to nothing ({own} words)"
            marks.fault(said, place, share)

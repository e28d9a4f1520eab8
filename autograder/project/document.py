"""What a reader finds in a report: its sections, prose, figures, tables, references, citations."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from autograder.project.sources import Place

WORD = re.compile(r"[^\W_]")
LONGEST = 3000
"""Characters of a sentence that are looked at."""
FORMULA = "\x01"
"""Stands for a formula in prose: one word, whatever it holds."""


@dataclass
class Prose:
    """Running text with the place of each of its characters."""

    parts: list[tuple[int, str, Place]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    length: int = 0

    def add(self, text: str, place: Place) -> None:
        if text:
            self.parts.append((self.length, text, place))
            self.starts.append(self.length)
            self.length += len(text)

    @property
    def text(self) -> str:
        return "".join(text for _, text, _ in self.parts)

    def place(self, position: int) -> Place:
        number = bisect.bisect_right(self.starts, position) - 1
        start, text, place = self.parts[max(number, 0)]
        return Place(place.file, place.line + text[: position - start].count("\n"))

    def words(self) -> int:
        """The words that a reader would count; a formula is one."""
        return len(words(self.text))

    def sentences(self) -> Iterator[tuple[str, Place]]:
        """Each sentence in one line, and where it begins."""
        text = self.text
        for match in re.finditer(r"[^\s](?:.|\n)*?(?:[.!?](?=\s|$)(?<!\be\.g\.)|\n\s*\n|$)", text):
            sentence = " ".join(match[0][:LONGEST].replace(FORMULA, "").split())
            if WORD.search(sentence):
                yield sentence, self.place(match.start())


def words(text: str) -> list[str]:
    """The words of a text: what stands between spaces and holds a letter or a digit."""
    apart = re.sub(FORMULA + "[^" + FORMULA + "]*" + FORMULA, " formula ", text)
    return [one for one in re.split(r"[\s—]+", apart) if WORD.search(one)]


@dataclass
class Section:
    """A section with the prose up to the next heading of any level."""

    title: str
    level: int
    place: Place
    numbered: bool = True
    appendix: bool = False
    prose: Prose = field(default_factory=Prose)


@dataclass
class Cell:
    text: str
    place: Place
    columns: int = 1


@dataclass
class Table:
    """The rows of a tabular, as they are printed."""

    place: Place
    rows: list[list[Cell]] = field(default_factory=list)


@dataclass
class Picture:
    """A picture's file as it is named, or a plot that LaTeX itself draws (`source` then)."""

    place: Place
    name: str = ""
    source: str = ""
    axes: tuple[bool, bool] | None = None


@dataclass
class Float:
    """A figure or a table: captions, labels and what is in it; a subfigure is one of its parts."""

    kind: str
    place: Place
    captions: list[tuple[str, Place]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    parts: list[Float] = field(default_factory=list)
    numbered: bool = True

    @property
    def name(self) -> str:
        return f"{self.kind} '{self.labels[0]}'" if self.labels else f"{self.kind} without a label"

    def every_label(self) -> list[str]:
        return [*self.labels, *(label for part in self.parts for label in part.every_label())]

    def every_picture(self) -> list[Picture]:
        return [*self.pictures, *(one for part in self.parts for one in part.every_picture())]

    def every_table(self) -> list[Table]:
        return [*self.tables, *(one for part in self.parts for one in part.every_table())]


@dataclass(frozen=True)
class Mention:
    """A key that a command names: a reference's label, a citation's entry."""

    key: str
    place: Place
    command: str = ""


@dataclass
class Formula:
    """A formula in LaTeX's words."""

    source: str
    place: Place


@dataclass
class Item:
    """An entry of a bibliography that is written by hand."""

    key: str
    place: Place
    prose: Prose = field(default_factory=Prose)


@dataclass
class Problem:
    """What is wrong with a file, where; `kind` says for whom it matters."""

    kind: str
    text: str
    place: Place | None = None

    def __str__(self) -> str:
        return f"{self.place}: {self.text}" if self.place else self.text


@dataclass
class Document:
    """A report as a reader finds it."""

    main: str = ""
    document_class: str = ""
    packages: set[str] = field(default_factory=set)
    title: str = ""
    authors: str = ""
    abstract: Prose | None = None
    abstract_place: Place | None = None
    sections: list[Section] = field(default_factory=list)
    captions: Prose = field(default_factory=Prose)
    front: Prose = field(default_factory=Prose)
    floats: list[Float] = field(default_factory=list)
    loose_tables: list[Table] = field(default_factory=list)
    loose_pictures: list[Picture] = field(default_factory=list)
    labels: list[Mention] = field(default_factory=list)
    references: list[Mention] = field(default_factory=list)
    citations: list[Mention] = field(default_factory=list)
    cites_everything: Place | None = None
    bibliographies: list[Mention] = field(default_factory=list)
    prints_bibliography: Place | None = None
    items: list[Item] = field(default_factory=list)
    formulas: list[Formula] = field(default_factory=list)
    notes: list[tuple[str, Place]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    read: set[str] = field(default_factory=set)

    def body(self) -> list[Section]:
        return [section for section in self.sections if not section.appendix]

    def chapter(self, number: int) -> list[Section]:
        """A section by its place in the list, with what lies below it."""
        top = self.sections[number]
        found = [top]
        for section in self.sections[number + 1 :]:
            if section.level <= top.level:
                break
            found.append(section)
        return found

    def tables(self) -> list[tuple[Table, Float | None]]:
        """Every table with the float that it is in, if it is in one."""
        inside = [(table, one) for one in self.floats for table in one.every_table()]
        return [*inside, *((table, None) for table in self.loose_tables)]

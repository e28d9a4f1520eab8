"""The entries that a report may cite: of its .bib files, or written by hand in the text."""

from __future__ import annotations

import logging
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import bibtexparser
from bibtexparser import model

from autograder.project.document import Document, Problem
from autograder.project.sources import Place, decoded, leads_out, resolved

logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)

WHO, WHEN = ("author", "editor", "organization", "institution", "key"), ("year", "date")
WHERE = ("url", "doi", "eprint", "howpublished", "note", "publisher", "howpublished")
NEEDED: dict[str, tuple[tuple[str, ...], ...]] = {
    "article": (WHO, ("title",), ("journal", "journaltitle", "eprint"), WHEN),
    "inproceedings": (WHO, ("title",), ("booktitle", "eventtitle"), WHEN),
    "conference": (WHO, ("title",), ("booktitle",), WHEN),
    "book": (WHO, ("title",), ("publisher", "isbn", "url", "doi"), WHEN),
    "inbook": (WHO, ("title", "chapter"), ("booktitle", "publisher"), WHEN),
    "incollection": (WHO, ("title",), ("booktitle",), WHEN),
    "phdthesis": (WHO, ("title",), ("school", "institution"), WHEN),
    "mastersthesis": (WHO, ("title",), ("school", "institution"), WHEN),
    "thesis": (WHO, ("title",), ("school", "institution"), WHEN),
    "techreport": (WHO, ("title",), ("institution", "url", "doi", "eprint"), WHEN),
    "report": (WHO, ("title",), ("institution", "url", "doi", "eprint"), WHEN),
}
ANY: tuple[tuple[str, ...], ...] = (WHO, ("title",), WHERE, (*WHEN, "urldate"))
PLACEHOLDER = re.compile(r"^[\s{}.?,-]*$|^\s*(unknown|n/?a|tba|tbd|none|\?+|x+)\s*$", re.IGNORECASE)


@dataclass
class Entry:
    """One work: its key, where it stands, and its fields as text."""

    key: str
    kind: str
    place: Place
    fields: dict[str, str] = field(default_factory=dict)

    def missing(self) -> list[str]:
        """What is missing or empty, in the words of a .bib file."""
        if self.kind == "bibitem":
            text = self.fields.get("text", "")
            lacks = [] if re.search(r"\b(1[89]|20)\d\d\b", text) else ["a year"]
            return lacks if len(text.split()) >= 5 else ["the work itself"]
        needed = NEEDED.get(self.kind, ANY)
        if "crossref" in self.fields or "xdata" in self.fields:
            needed = needed[:2]
        return [" or ".join(names[:2]) for names in needed if not any(map(self.filled, names))]

    def filled(self, name: str) -> bool:
        return not PLACEHOLDER.match(self.fields.get(name, ""))

    def work(self) -> tuple[str, str]:
        """What tells one work from another: its title, else its address."""
        title = re.sub(r"[^a-z0-9]+", "", plain(self.fields.get("title", "")).lower())
        return title, re.sub(r"[^a-z0-9]+", "", self.fields.get("doi", "").lower())


@dataclass
class Bibliography:
    """All entries in their order, and what is wrong with the files."""

    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    duplicates: list[tuple[str, Place]] = field(default_factory=list)

    def by_key(self) -> dict[str, Entry]:
        return {entry.key: entry for entry in reversed(self.entries)}


def read_bibliography(files: dict[str, bytes], document: Document) -> Bibliography:
    """The bibliography that a report names, and its hand-written one."""
    found = Bibliography()
    folder = posixpath.dirname(document.main)
    for mention in document.bibliographies:
        if leads_out(mention.key, folder):
            said = f"the bibliography '{mention.key}' lies outside of the report's folder"
            found.problems.append(Problem("path", said, mention.place))
            continue
        name = resolved(mention.key, folder, set(files), (".bib",))
        if name is None:
            said = f"the bibliography '{mention.key}' is not there"
            found.problems.append(Problem("missing", said, mention.place))
        else:
            read_file(name, files[name], found)
    for item in document.items:
        text = " ".join(item.prose.text.split())
        if item.key in {entry.key for entry in found.entries}:
            found.duplicates.append((item.key, item.place))
        found.entries.append(Entry(item.key, "bibitem", item.place, {"text": text}))
    return found


def read_file(name: str, data: bytes, found: Bibliography) -> None:
    """Add the entries of one .bib file."""
    text, bad_line = decoded(data)
    if bad_line:
        found.problems.append(Problem("encoding", "is not UTF-8", Place(name, bad_line)))
    try:
        library = bibtexparser.parse_string(without_comments(text))
    except Exception as error:
        said = f"the bibliography cannot be read ({type(error).__name__})"
        found.problems.append(Problem("bibliography", said, Place(name, 1)))
        return
    for block in library.blocks:
        place = Place(name, (block.start_line or 0) + 1)
        if isinstance(block, model.DuplicateBlockKeyBlock):
            found.duplicates.append((str(block.key), place))
        elif isinstance(block, model.DuplicateFieldKeyBlock):
            found.problems.append(Problem("bibliography", duplicate_field(block), place))
            add(block.ignore_error_block, place, found)
        elif isinstance(block, model.ParsingFailedBlock):
            said = " ".join(str(getattr(block.error, "abort_reason", block.error)).split())
            text = f"this entry cannot be read: {said[:150]}"
            found.problems.append(Problem("bibliography", text, place))
        else:
            add(block, place, found)


def duplicate_field(block: model.DuplicateFieldKeyBlock) -> str:
    names = ", ".join(sorted(block.duplicate_keys))
    return f"an entry has a field twice ({names})"


def add(block: object, place: Place, found: Bibliography) -> None:
    if isinstance(block, model.Entry):
        fields = {one.key.lower(): str(one.value) for one in block.fields}
        found.entries.append(Entry(block.key, block.entry_type.lower(), place, fields))


def without_comments(text: str) -> str:
    """The text without lines that begin with %, which BibTeX ignores between entries."""
    return re.sub(r"(?m)^\s*%[^\n]*$", "", text)


def plain(text: str) -> str:
    return " ".join(re.sub(r"[{}\\]", "", text).split())


def same_works(entries: list[Entry]) -> Iterator[tuple[Entry, Entry]]:
    """Pairs of entries with different keys that are one work."""
    seen: dict[str, Entry] = {}
    for entry in entries:
        for mark in entry.work():
            if len(mark) > 8 and mark in seen and seen[mark].key != entry.key:
                yield seen[mark], entry
                break
        for mark in entry.work():
            if len(mark) > 8:
                seen.setdefault(mark, entry)

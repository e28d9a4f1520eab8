"""Collect projects: a folder of zips, a platform's download, or one zip; our own copy of each.

Reads archives only by `autograder.archives`: nothing is followed, and nothing is unpacked that is
too large or leads out of its folder. What is wrong with a submission becomes a line of its report.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from autograder.archives import ArchiveError, Entry, Refused, Tree, opened, zip_within
from autograder.collect import (
    CollectError,
    Handed,
    HandIn,
    from_platform,
    in_one_sentence,
    timestamp_of,
    zone_exists,
)
from autograder.files import write_atomically
from autograder.project.document import Problem
from autograder.project.sources import Place, decoded, masked
from autograder.roster import (
    FILE,
    Record,
    distinct_ids,
    read_records,
    shown,
    visible,
    write_records,
)

COPY = "project.zip"
MAX_FILE, MAX_ALL = 30 * 10**6, 80 * 10**6
OURS = re.compile(
    r"\.(tex|ltx|bib|sty|cls|bst|bbx|cbx|csv|json|pdf|png|jpe?g|eps|svg|txt|md|py|tikz|pgf|def|clo"
    r"|cfg|ind|bbl|dat|tsv|ya?ml|ipynb|toml)$",
    re.IGNORECASE,
)
DOCUMENT = re.compile(r"\\documentclass|\\documentstyle")
BEGIN = re.compile(r"\\begin\s*\{document\}")
PART = re.compile(r"\\documentclass(\[[^]]*\])?\{(subfiles|standalone)\}")
NO_MAIN = "there is no main file: no .tex file has both \\documentclass and \\begin{document}"
PDF_ONLY = (
    "there is only a PDF: hand in the zip with the sources (on Overleaf: Menu, Download, Source)"
)


@dataclass
class Project:
    """What one student or team handed in: its files, and what is wrong with them."""

    student: str
    files: dict[str, bytes] = field(default_factory=dict)
    main: str = ""
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    timestamp: str = ""

    @property
    def empty(self) -> bool:
        return not self.main


@dataclass(frozen=True)
class Collected:
    """A student whose project lies in our own copy."""

    student: str
    path: Path
    timestamp: str
    notes: tuple[str, ...]
    problems: tuple[Problem, ...]

    def project(self) -> Project:
        """The project, read anew: a whole class must not lie in memory."""
        files: dict[str, bytes] = {}
        with suppress(OSError, zipfile.BadZipFile), zipfile.ZipFile(self.path) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        found = Project(self.student, files, "", list(self.problems), list(self.notes))
        found.timestamp = self.timestamp
        main, problems = main_file(files)
        found.main = main
        if not any(one.kind in ("not-a-zip", "pdf-only") for one in found.problems):
            found.problems += problems
        return found


def collect_projects(
    source: Path, submitted: Path, assignment: str, timezone: str = "UTC"
) -> list[Collected]:
    """Everybody's project, by id, with our own copy of its files in `submitted`."""
    zone_exists(timezone)
    path = submitted.parent / FILE
    records = [r for r in read_records(path) if r.assignment != assignment]
    found, fresh = [], []
    with in_one_sentence(submitted), opened_safely(source) as tree:
        hand_ins = hand_ins_of(tree, source, timezone)
        ids = distinct_ids({who: hand_in.label for who, hand_in in hand_ins.items()})
        for who, hand_in in hand_ins.items():
            copy = submitted / ids[who] / assignment / COPY
            one = taken(hand_in, ids[who], assignment, timezone, copy)
            found.append(one)
            fresh.append(record_of(one, hand_in, assignment))
        if found:
            write_records(path, [*records, *fresh])
    return sorted(found, key=lambda one: one.student)


def opened_safely(source: Path):  # type: ignore[no-untyped-def]
    """The files of a folder or zip; a loose file that is neither is a class of one."""
    if source.is_file() and not zipfile.is_zipfile(source):
        return opened_alone(source)
    return opened(source)


class opened_alone:
    """A file that is no zip, as a tree with that one entry."""

    def __init__(self, source: Path):
        self.source = source

    def __enter__(self) -> Tree:
        from autograder.archives import folder_entry

        return Tree([folder_entry(self.source, (self.source.name,))])

    def __exit__(self, *error: object) -> None:
        return None


def record_of(one: Collected, hand_in: HandIn, assignment: str) -> Record:
    where = (hand_in.platform, hand_in.platform_id, visible(hand_in.name), hand_in.late)
    name = hand_in.files[0].name if hand_in.files else ""
    return Record(one.student, assignment, *where, one.timestamp, name)


# ------------------------------------------------------------------ who handed in what


def hand_ins_of(tree: Tree, source: Path, timezone: str) -> dict[tuple[str, str], HandIn]:
    """What everybody handed in: by a platform's names, by folder, or zip by zip."""
    from autograder import lms

    candidates = [tree, *([tree.inside()] if tree.only_folder() else [])]
    for candidate in candidates:
        if source.is_file() and is_project(candidate):
            return {(source.stem, ""): whole(source.stem, candidate)}
    for candidate in candidates:
        paths = {"/".join(entry.parts): entry for entry in candidate.entries}
        try:
            if names := lms.read_names(paths):
                return from_platform([(paths[p], named) for p, named in names.items()], timezone)
        except lms.UnknownNames as error:
            raise CollectError(f"{source}: {error}") from None
    wrapped = source.is_file() and tree.only_folder() is not None
    return by_name(tree.inside() if wrapped else tree)


def is_project(tree: Tree) -> bool:
    """Whether a tree is one project: a .tex file lies at its top."""
    return any(len(e.parts) == 1 and e.parts[0].lower().endswith(".tex") for e in tree.entries)


def whole(label: str, tree: Tree) -> HandIn:
    return HandIn(label, label, files=[Handed(entry, entry.parts) for entry in tree.entries])


def by_name(tree: Tree) -> dict[tuple[str, str], HandIn]:
    """Each folder is somebody's, and each file beside the folders."""
    found: dict[tuple[str, str], HandIn] = {}
    for entry in tree.entries:
        top, deeper = entry.parts[0], entry.parts[1:]
        if top.startswith(".") or top.lower() == "index.html":
            continue
        label = top if deeper or (top,) in tree.folders else Path(top).stem
        hand_in = found.setdefault((visible(label), ""), HandIn(label, label))
        hand_in.files.append(Handed(entry, deeper or entry.parts))
    for parts in sorted(tree.folders):
        if len(parts) == 1 and not parts[0].startswith("."):
            found.setdefault((visible(parts[0]), ""), HandIn(parts[0], parts[0]))
    return found


# ------------------------------------------------------------------ what counts of it


def taken(hand_in: HandIn, student: str, assignment: str, timezone: str, copy: Path) -> Collected:
    """Copy what somebody handed in; what is wrong with it is kept with it."""
    files, problems = unpacked(hand_in)
    data = zipped(files)
    if not copy.is_file() or copy.read_bytes() != data:
        write_atomically(copy, data)
    first = hand_in.files[0] if hand_in.files else None
    time = timestamp_of(hand_in, first, assignment, timezone)
    return Collected(student, copy, time, tuple(hand_in.notes), tuple(problems))


def unpacked(hand_in: HandIn) -> tuple[dict[str, bytes], list[Problem]]:
    """The files of the project, and what could not be taken."""
    files = sorted(hand_in.files, key=lambda file: (file.time, file.upload))
    zips = [file for file in files if file.parts and file.parts[-1].lower().endswith(".zip")]
    sources = [file for file in files if file.parts and file.parts[-1].lower().endswith(".tex")]
    problems: list[Problem] = []
    if zips and not sources:
        if len(zips) > 1:
            hand_in.notes.append(f"{len(zips)} zips were there, and '{zips[-1].name}' counts")
        try:
            tree = zip_within(zips[-1].name, zips[-1].entry.read(MAX_ALL))
        except (Refused, ArchiveError) as error:
            return {}, [Problem("not-a-zip", f"{error}")]
        entries = tree.entries
    else:
        entries = [replace(file.entry, parts=file.parts) for file in files if file.parts]
    if not entries:
        return {}, [Problem("not-a-zip", "nothing was handed in")]
    taken_files = dict(read_all(without_folder(entries), problems))
    names = [name.lower() for name in taken_files]
    if names and all(name.endswith(".pdf") for name in names):
        problems.append(Problem("pdf-only", PDF_ONLY))
    elif not any(name.endswith((".tex", ".ltx")) for name in names):
        listed = ", ".join(shown(name) for name in list(taken_files)[:3]) or "nothing"
        said = f"there is no zip with LaTeX sources: {listed} was handed in"
        problems.append(Problem("not-a-zip", said))
    return taken_files, problems


def without_folder(entries: list[Entry]) -> list[Entry]:
    """The entries without folders around all of them."""
    while entries and all(len(e.parts) > 1 and e.parts[0] == entries[0].parts[0] for e in entries):
        entries = [replace(entry, parts=entry.parts[1:]) for entry in entries]
    return entries


def read_all(entries: list[Entry], problems: list[Problem]) -> Iterator[tuple[str, bytes]]:
    """The contents of the entries within limits; each that is not taken is a problem."""
    room = MAX_ALL
    for entry in entries:
        name = "/".join(entry.parts)
        if not OURS.search(name) or name.startswith("/") or ".." in entry.parts:
            continue
        try:
            data = entry.read(min(MAX_FILE, room))
        except Refused as error:
            problems.append(Problem("archive", f"{error}: it was not taken", Place(name, 1)))
            continue
        room -= len(data)
        yield posixpath.normpath(name), data


def zipped(files: dict[str, bytes]) -> bytes:
    """The files as a zip that is the same for the same files."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return made.getvalue()


# ------------------------------------------------------------------ the main file


def main_file(files: dict[str, bytes]) -> tuple[str, list[Problem]]:
    """The file that LaTeX is given, and what is wrong with there being none or several."""
    texts = {
        name: masked(decoded(data)[0])
        for name, data in files.items()
        if name.lower().endswith((".tex", ".ltx"))
    }
    found = [
        name for name, text in texts.items() if DOCUMENT.search(uncommented(text)) and begins(text)
    ]
    whole_ones = [name for name in found if not PART.search(texts[name])] or found
    if not whole_ones:
        first = next(iter(sorted(texts)), "")
        return "", [Problem("no-main", NO_MAIN, Place(first, 1) if first else None)]
    whole_ones.sort(key=lambda name: (name.count("/"), Path(name).stem != "main", name))
    if len(whole_ones) == 1:
        return whole_ones[0], []
    others = ", ".join(str(line_of_class(texts, name)) for name in whole_ones[1:4])
    said = f"there are {len(whole_ones)} main files, and this one is graded (also: {others})"
    return whole_ones[0], [Problem("main", said, line_of_class(texts, whole_ones[0]))]


def uncommented(text: str) -> str:
    return re.sub(r"(?<!\\)%[^\n]*", "", text)


def begins(text: str) -> bool:
    return bool(BEGIN.search(uncommented(text)))


def line_of_class(texts: dict[str, str], name: str) -> Place:
    found = DOCUMENT.search(uncommented(texts[name]))
    return Place(name, texts[name].count("\n", 0, found.start()) + 1 if found else 1)

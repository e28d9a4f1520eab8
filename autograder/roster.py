"""Who is in the class: a safe id for every student, and what their learning platform calls them.

An id names folders, files and the student in nbgrader's gradebook. It is the name that the folder
or the platform gives, unless that is no safe folder's name: then what is unsafe in it becomes `_`
and a hash of the name follows, so that two students never share an id.

`students.json` lies beside `submitted/` and is what grades need on their way back to the platform.
Its list `students` has one record for each student and assignment:

student      the id, as in the gradebook
assignment   the assignment
platform     canvas, moodle, brightspace, or folder
platform_id  Canvas: the user's id, column `ID` of its gradebook's CSV (`anon_...` if grading is
             anonymous). Moodle: the number of `Participant 123` in column `Identifier` of the
             grading worksheet; it is another one in each assignment. Brightspace: the user's
             number. Empty for a folder.
name         what the platform or the folder calls the student
late         whether the platform marks the submission as late (Canvas does)
timestamp    when it was handed in, in UTC; empty if that is not known
file         the notebook's name as it was handed in; empty if there is none
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from autograder.files import write_atomically

FILE = "students.json"
LONGEST = 100
"""Bytes of an id at most: nbgrader's gradebook holds 128 characters, a folder's name 255 bytes."""
UNSAFE = set('/\\:*?"<>|[]{}')
JOINERS = "\u200c\u200d"


@dataclass(frozen=True)
class Record:
    """What is known of one student's submission of one assignment."""

    student: str
    assignment: str
    platform: str = "folder"
    platform_id: str = ""
    name: str = ""
    late: bool = False
    timestamp: str = ""
    file: str = ""


def visible(name: str) -> str:
    """A file's name as text in one normal form; bytes that are no UTF-8 become escapes."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return unicodedata.normalize("NFC", text)


def shown(name: str) -> str:
    """A name for one line of a report: escapes for what cannot be printed, and not too long."""
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in visible(name))
    return text if len(text) <= 120 else f"{text[:100]}…{text[-19:]}"


def safe_id(name: str) -> str:
    """The student's id: their name as it is, or a readable part of it and a hash."""
    text = visible(name)
    clean = "".join("_" if is_unsafe(character) else character for character in text)
    clean = clean.strip(" .")
    if clean and clean == text and len(clean.encode()) <= LONGEST:
        return clean
    return hashed(clean or "student", name)


def is_unsafe(character: str) -> bool:
    """Whether a character could break a path, a file pattern or a line of text."""
    kind = unicodedata.category(character)
    odd = kind[0] == "C" and character not in JOINERS
    return odd or character in UNSAFE or (kind[0] == "Z" and character != " ")


def hashed(text: str, name: str, digits: int = 8) -> str:
    """The text, cut to its bytes, and a hash of the name."""
    digest = hashlib.sha256(visible(name).encode()).hexdigest()[:digits]
    room = LONGEST - digits - 1
    return f"{text.encode()[:room].decode('utf-8', 'ignore').strip(' .')}-{digest}"


def distinct_ids(names: Mapping[tuple[str, str], str]) -> dict[tuple[str, str], str]:
    """An id for everybody, no two alike even where a disk does not tell `a` from `A`."""
    ids: dict[tuple[str, str], str] = {}
    taken: set[str] = set()
    order = sorted(names, key=lambda who: (safe_id(names[who]) != visible(names[who]), str(who)))
    for who in order:
        chosen, digits = safe_id(names[who]), 8
        while folded(chosen) in taken:
            chosen, digits = hashed(safe_id(names[who]), str(who), digits), digits + 8
        taken.add(folded(chosen))
        ids[who] = chosen
    return ids


def folded(text: str) -> str:
    return unicodedata.normalize("NFC", text.casefold())


def read_records(path: Path) -> list[Record]:
    """The records of a `students.json`; none if it is not there or is not one."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["students"]
        return [record for entry in entries if (record := record_of(entry)) is not None]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def record_of(entry: dict) -> Record | None:
    """A record from JSON, None if it is not one; what it does not know is left out."""
    known = {part.name: entry[part.name] for part in fields(Record) if part.name in entry}
    texts = [value for name, value in known.items() if name != "late"]
    if not all(isinstance(value, str) for value in texts) or not {"student", "assignment"} <= set(
        known
    ):
        return None
    return Record(**known | {"late": known.get("late") is True})


def write_records(path: Path, records: Iterable[Record]) -> None:
    """Write a `students.json`, by student and assignment; an unchanged one is left alone."""
    ordered = sorted(records, key=lambda record: (record.student, record.assignment))
    text = json.dumps({"students": [asdict(r) for r in ordered]}, indent=1, ensure_ascii=False)
    data = (re.sub(r"[\ud800-\udfff]", "?", text) + "\n").encode()
    if not path.exists() or path.read_bytes() != data:
        write_atomically(path, data)

"""Find every student's notebook in a folder of submissions, following nothing out of it."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path

from dateutil.parser import parse
from dateutil.tz import gettz
from nbformat import NotebookNode

from autograder.files import write_atomically
from autograder.rebuild import Unreadable, is_answer, mark_id, read_cells

MAX_NOTEBOOK = 50 * 10**6
NOT_STUDENTS = {".git", ".ipynb_checkpoints", "__MACOSX", "__pycache__"}


class CollectError(Exception):
    """A folder of submissions that cannot be read at all."""


@dataclass(frozen=True)
class Submission:
    """What one student handed in: `path` is our own copy of the notebook, None without one."""

    student: str
    path: Path | None
    status: str = ""
    timestamp: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def data(self) -> bytes | None:
        """The notebook's bytes, read anew each time: a whole class must not lie in memory."""
        return None if self.path is None else read_regular(self.path)


class Refused(Exception):
    """A file or folder that is not taken; the message says why."""


def collect(
    folder: Path, submitted: Path, assignment: str, master: NotebookNode
) -> list[Submission]:
    """One submission for each student's folder, in the order of their names.

    What was handed in is copied to `submitted`/STUDENT/ASSIGNMENT/, where nbgrader looks for it.
    """
    if not folder.is_dir():
        raise CollectError(f"There is no folder of submissions at {folder}.")
    names = sorted(os.listdir(os.fsencode(folder)))
    answers = {mark_id(cell) for cell in master.cells if is_answer(cell)}
    return [
        taken(folder, submitted, os.fsdecode(name), assignment, answers)
        for name in names
        if is_student(folder / os.fsdecode(name))
    ]


def is_student(path: Path) -> bool:
    """Whether an entry stands for a student: a folder, or a link to one (reported, not read)."""
    return path.name not in NOT_STUDENTS and (path.is_symlink() or path.is_dir())


def student_id(name: str) -> str:
    """The folder's name as text; bytes that are no UTF-8 become visible escapes."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def taken(
    folder: Path, submitted: Path, name: str, assignment: str, answers: set[str]
) -> Submission:
    """The submission in one student's folder."""
    home, student = folder / name, student_id(name)
    if home.is_symlink():
        note = "the student's folder is a link, which is not followed"
        return Submission(student, None, "no-notebook", notes=(note,))
    notes: list[str] = []
    try:
        data = find_notebook(home, assignment, answers, notes)
    except Refused as error:
        return Submission(student, None, "unreadable-notebook", notes=(*notes, str(error)))
    timestamp = read_timestamp(home, assignment, notes)
    if data is None:
        return Submission(student, None, "no-notebook", timestamp, tuple(notes))
    path = submitted / student / assignment / f"{assignment}.ipynb"
    if folder.resolve() != submitted.resolve():
        write_atomically(path, data)
        if timestamp:
            write_atomically(path.with_name("timestamp.txt"), timestamp.encode())
    return Submission(student, path, "", timestamp, tuple(notes))


def find_notebook(home: Path, assignment: str, answers: set[str], notes: list[str]) -> bytes | None:
    """The bytes of the notebook: at its right place, or the likeliest other one, with a note."""
    inner = home / assignment
    if inner.is_symlink():
        notes.append(f"{assignment} is a link, which is not followed")
    folders = [f for f in (inner, home) if f.is_dir() and not f.is_symlink()]
    for place in [f / f"{assignment}.ipynb" for f in folders]:
        if place.is_symlink() or place.exists():
            return read_regular(place)
    others = [path for f in subfolders(home, folders) for path in notebooks_in(f)]
    ranked = sorted((rank(path, assignment, answers), path) for path in others)
    if not ranked:
        return None
    best = ranked[0][1]
    where = student_id(str(best.relative_to(home)))
    notes.append(f"graded from '{where}', for there is no {assignment}.ipynb")
    if len(ranked) > 1:
        notes.append(f"{len(ranked)} notebooks were there")
    return read_regular(best)


def subfolders(home: Path, first: list[Path]) -> list[Path]:
    """Where a misplaced notebook may be: the student's folder and the folders in it."""
    inner = [p for p in sorted(home.iterdir()) if p.is_dir() and not p.is_symlink()]
    return [*first, *(p for p in inner if p not in first and p.name not in NOT_STUDENTS)]


def notebooks_in(folder: Path) -> list[Path]:
    found = (p for p in sorted(folder.iterdir()) if p.suffix.lower() == ".ipynb")
    return [p for p in found if p.is_file() and not p.is_symlink()]


def rank(path: Path, assignment: str, answers: set[str]) -> tuple[int, int, str]:
    """Sort key: most of the assignment's answer cells first, then the likeliest name."""
    try:
        found = {cell.grade_id for cell in read_cells(read_regular(path))}
    except (Refused, Unreadable):
        found = set()
    likely = plain(assignment) in plain(path.stem)
    return -len(found & answers), 0 if likely else 1, str(path)


def plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", name.lower())


def read_regular(path: Path, limit: int = MAX_NOTEBOOK) -> bytes:
    """The bytes of a regular file: no link, no device, no pipe, no more than the limit."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        reason = "is a link, which is not followed" if path.is_symlink() else error.strerror
        raise Refused(f"{student_id(path.name)}: {reason}") from None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Refused(f"{student_id(path.name)} is not a regular file")
        if status.st_size > limit:
            size = f"{status.st_size / 1e6:.0f} MB, more than {limit / 1e6:.0f} MB"
            raise Refused(f"{student_id(path.name)} has {size}")
        return file.read(limit)


def read_timestamp(home: Path, assignment: str, notes: list[str]) -> str:
    """The time of submission in UTC, empty without one; one that cannot be read is noted."""
    inner = home / assignment
    for folder in (inner, home):
        path = folder / "timestamp.txt"
        if folder.is_symlink() or not os.path.lexists(path):
            continue
        with contextlib.suppress(Refused, ValueError, OverflowError):
            return in_utc(read_regular(path, 1000).decode("utf-8-sig").strip())
        notes.append("timestamp.txt cannot be read, so the time of submission is unknown")
        return ""
    return ""


def in_utc(text: str) -> str:
    """A time such as `2026-01-31 23:59:00 CET` in UTC; one without a zone is UTC already."""
    if not re.match(r"\d{4}-\d\d-\d\d", text):
        raise ValueError("a time begins with year, month and day")
    zones = {name: gettz(name) for name in re.findall(r"[A-Za-z][A-Za-z/_]+", text)}
    time = parse(text, tzinfos={name: zone for name, zone in zones.items() if zone})
    if time.tzinfo is not None:
        time = time.astimezone(UTC).replace(tzinfo=None)
    return time.isoformat(sep=" ")

"""Collect a class: from a folder, or from a learning platform's zip, into `submitted/`.

Of each student one notebook is taken, at `submitted/STUDENT/ASSIGNMENT/ASSIGNMENT.ipynb`, and when
it was handed in, in `timestamp.txt` beside it: nbgrader's own layout. Nothing else is copied, and
no name that a student or a platform chose becomes a path.
"""

from __future__ import annotations

import re
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dateutil.parser import UnknownTimezoneWarning, parse
from dateutil.tz import gettz
from nbformat import NotebookNode
from tqdm import tqdm

from autograder.archives import (
    NO_LINKS,
    TIMESTAMP,
    ArchiveError,
    Entry,
    Refused,
    Tree,
    is_notebook,
    opened,
    read_regular,
    zip_within,
)
from autograder.files import DiskFull, is_full, write_atomically
from autograder.rebuild import Unreadable, is_answer, mark_id, read_cells
from autograder.roster import (
    FILE,
    Record,
    distinct_ids,
    read_records,
    safe_id,
    shown,
    visible,
    write_records,
)

if TYPE_CHECKING:
    from autograder.lms import Named

MOST_COMPARED = 10
"""Misnamed notebooks of one student that are read to find the right one."""
LARGEST_COMPARED = 10**7


class CollectError(Exception):
    """Submissions that cannot be collected at all; the message is one sentence."""


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
        """The notebook's bytes, read anew each time: a whole class must not lie in memory.

        A file that has been taken away meanwhile counts as an empty one.
        """
        if self.path is None:
            return None
        try:
            return read_regular(self.path)
        except Refused:
            return b""


@dataclass(frozen=True)
class Handed:
    """One file of a student: where it lies among theirs, when it came, and in which order."""

    entry: Entry
    parts: tuple[str, ...]
    time: str = ""
    upload: int = 0

    @property
    def name(self) -> str:
        return shown("/".join(self.parts))


@dataclass
class HandIn:
    """Everything that one student handed in; `label` is what their id is made of."""

    label: str
    name: str = ""
    platform: str = "folder"
    platform_id: str = ""
    late: bool = False
    files: list[Handed] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass
class Chosen:
    """The notebook that was chosen, or why there is none."""

    file: Handed | None = None
    data: bytes | None = None
    status: str = ""
    timestamp: str = ""


def collect(
    source: Path,
    submitted: Path,
    assignment: str,
    master: NotebookNode,
    timezone: str = "UTC",
) -> list[Submission]:
    """One submission for each student in a folder or a zip, by id.

    A source is the whole class: copies of those who are no longer in it are removed, unless it is
    empty. If it is `submitted` itself, nothing is copied or removed. `timezone` is the zone of the
    times in a platform's names.
    """
    zone_exists(timezone)
    in_place = is_same(source, submitted)
    answers = {mark_id(cell) for cell in master.cells if is_answer(cell)}
    path = submitted.parent / FILE
    records = read_records(path)
    found: list[tuple[Submission, Record]] = []
    with in_one_sentence(submitted), opened(source) as tree:
        people = identified(tree, source, assignment, timezone, records)
        for student, hand_in in tqdm(people, "collect", unit="student", delay=2, disable=None):
            chosen = choose(hand_in, assignment, answers, timezone)
            where = place(chosen, submitted / student / assignment, assignment, in_place)
            record = record_of(student, assignment, hand_in, chosen)
            found.append((submission_of(record, where, chosen, hand_in), record))
        if found and not in_place:
            fresh = [record for _, record in found]
            forget(records, fresh, submitted, assignment)
            rest = [record for record in records if record.assignment != assignment]
            write_records(path, [*rest, *fresh])
    return sorted((submission for submission, _ in found), key=lambda one: one.student)


@contextmanager
def in_one_sentence(submitted: Path) -> Iterator[None]:
    """Let whatever stops the collecting of a class say so in one sentence."""
    try:
        yield
    except ArchiveError as error:
        raise CollectError(str(error)) from None
    except OSError as error:
        if is_full(error):
            raise DiskFull(submitted) from error
        reason = error.strerror or error
        raise CollectError(f"Copying submissions to {submitted} failed: {reason}.") from error


def zone_exists(timezone: str) -> None:
    if not timezone or gettz(timezone) is None:
        raise CollectError(f"There is no time zone '{timezone}': name one such as Europe/Berlin.")


def is_same(source: Path, submitted: Path) -> bool:
    """Whether the submissions lie where they would be copied to; neither may hold the other."""
    inner, outer = submitted.resolve(), source.resolve()
    if inner == outer:
        return True
    if outer in inner.parents or inner in outer.parents:
        raise CollectError(
            f"{source} and {submitted}, where submissions are copied to, must not contain each "
            "other: choose another folder for the results."
        )
    return False


def record_of(student: str, assignment: str, hand_in: HandIn, chosen: Chosen) -> Record:
    return Record(
        student,
        assignment,
        hand_in.platform,
        hand_in.platform_id,
        visible(hand_in.name),
        hand_in.late,
        chosen.timestamp,
        chosen.file.name if chosen.file else "",
    )


def submission_of(record: Record, path: Path | None, chosen: Chosen, hand_in: HandIn) -> Submission:
    notes = hand_in.notes
    if record.student != visible(hand_in.label):
        notes = [f"the id stands for the name '{shown(hand_in.label)}'", *notes]
    return Submission(record.student, path, chosen.status, chosen.timestamp, tuple(notes))


# ---------------------------------------------------------------- who handed in what


def identified(
    tree: Tree, source: Path, assignment: str, timezone: str, records: list[Record]
) -> list[tuple[str, HandIn]]:
    """Each student's id and what they handed in.

    A Canvas user keeps the id of an earlier assignment, even if the name was changed.
    """
    hand_ins = hand_ins_of(tree, source, assignment, timezone)
    ids = distinct_ids({who: hand_in.label for who, hand_in in hand_ins.items()})
    known = {r.platform_id: r.student for r in records if r.platform == "canvas"}
    found = []
    for who, hand_in in hand_ins.items():
        kept = known.get(hand_in.platform_id, "") if hand_in.platform == "canvas" else ""
        found.append((kept if kept and safe_id(kept) == kept else ids[who], hand_in))
    return found


def hand_ins_of(
    tree: Tree, source: Path, assignment: str, timezone: str
) -> dict[tuple[str, str], HandIn]:
    """What every student handed in: by a platform's names, or folder by folder.

    The students are told apart by their name and the platform's number; on Canvas, where the
    number is theirs for good, by that alone.
    """
    from autograder import lms

    trees = [tree]
    if not source.is_dir() and tree.only_folder():
        trees.append(tree.inside())
    try:
        for candidate in trees:
            paths = {"/".join(entry.parts): entry for entry in candidate.entries}
            if names := lms.read_names(paths):
                return from_platform([(paths[p], named) for p, named in names.items()], timezone)
    except lms.UnknownNames as error:
        raise CollectError(f"{source}: {error}") from None
    return from_folders(without_wrapper(tree, source, assignment), source)


def from_platform(files: list[tuple[Entry, Named]], timezone: str) -> dict[tuple[str, str], HandIn]:
    """What every student handed in, by what a platform's names tell."""
    hand_ins: dict[tuple[str, str], HandIn] = {}
    for entry, named in files:
        start = HandIn(named.label, named.name, named.platform, named.platform_id)
        name = "" if named.platform == "canvas" else named.name
        hand_in = hand_ins.setdefault((name, named.platform_id), start)
        hand_in.files.append(
            Handed(
                entry,
                tuple(re.split(r"[/\\]", named.file)),
                time_of(named, timezone, hand_in.notes),
                named.upload,
            )
        )
        if named.late:
            hand_in.late = True
            add(hand_in.notes, "Canvas marks it as late and does not say by how much")
    return hand_ins


def time_of(named: Named, timezone: str, notes: list[str]) -> str:
    """The platform's time in UTC, empty if it tells none."""
    from autograder.lms import platform_time

    try:
        return platform_time(named.time, timezone) if named.time else ""
    except (ValueError, OverflowError):
        add(notes, f"the time '{shown(named.time)}' cannot be read")
        return ""


def without_wrapper(tree: Tree, source: Path, assignment: str) -> Tree:
    """The tree without a folder around everything in a zip, unless that is a student's."""
    top = tree.only_folder() if not source.is_dir() else None
    second = {entry.parts[1] for entry in tree.entries if len(entry.parts) > 1}
    second |= {parts[1] for parts in tree.folders if len(parts) > 1}
    if top is None or assignment in second or any(is_notebook(name) for name in second):
        return tree
    return tree.inside()


def from_folders(tree: Tree, source: Path) -> dict[tuple[str, str], HandIn]:
    """What every student handed in: a folder each; one whose folder is a link is named, too."""
    tops = {parts[0] for parts in tree.folders}
    tops |= {e.parts[0] for e in tree.entries if len(e.parts) == 1 and e.problem == NO_LINKS}
    loose = [entry for entry in tree.entries if is_notebook(entry.parts[0])]
    if loose and not tops and not source.is_dir():
        raise CollectError(
            f"{source} is no download of Canvas, Moodle or Brightspace and has no folder for each "
            f"student: nobody can tell whose '{loose[0].name}' is."
        )
    hand_ins: dict[tuple[str, str], HandIn] = {}
    for top in sorted(tops):
        hand_in = hand_ins.setdefault((visible(top), ""), HandIn(top, top))
        if hand_in.label != top:
            add(hand_in.notes, "two folders have this name, written in different Unicode forms")
    for entry in tree.entries:
        if entry.parts[0] in tops:
            hand_ins[visible(entry.parts[0]), ""].files.append(Handed(entry, entry.parts[1:]))
    return hand_ins


def add(notes: list[str], note: str) -> None:
    if note not in notes:
        notes.append(note)


# ---------------------------------------------------------------- which notebook counts


def choose(hand_in: HandIn, assignment: str, answers: set[str], timezone: str) -> Chosen:
    """The notebook to grade and its time; what is odd about it goes into the notes."""
    notes, chosen = hand_in.notes, Chosen()
    for whole in (file for file in hand_in.files if not file.parts):
        add(notes, f"the student's folder {whole.entry.problem}")
    notebooks = [file for file in hand_in.files if file.parts and is_notebook(file.parts[-1])]
    notebooks = newest(notebooks, notes) or unzipped(hand_in, assignment)
    chosen.file = likeliest(hand_in, notebooks, assignment, answers)
    if chosen.file is None:
        chosen.status = "no-notebook"
        for file in others(hand_in, assignment)[:3]:
            add(notes, f"{file.name} {file.entry.problem or 'was handed in'}")
    else:
        try:
            chosen.data = chosen.file.entry.read()
        except Refused as error:
            chosen.status = "unreadable-notebook"
            add(notes, str(error))
    chosen.timestamp = timestamp_of(hand_in, chosen.file, assignment, timezone)
    return chosen


def newest(notebooks: list[Handed], notes: list[str]) -> list[Handed]:
    """The notebooks of the last of several submissions."""
    times = sorted({file.time for file in notebooks})
    if len(times) > 1:
        add(notes, f"the last of {len(times)} submissions counts")
    return [file for file in notebooks if file.time == times[-1]]


def likeliest(
    hand_in: HandIn, notebooks: list[Handed], assignment: str, answers: set[str]
) -> Handed | None:
    """The notebook at its right place, or the likeliest other one, with a note."""
    for parts in ((assignment, f"{assignment}.ipynb"), (f"{assignment}.ipynb",)):
        right = [f for f in notebooks if f.parts == parts or is_renamed(hand_in, f, parts)]
        if right:
            near = [f for f in notebooks if not is_elsewhere(hand_in, f, assignment)]
            if len(near) > 1:
                add(hand_in.notes, f"{len(near)} notebooks were there")
            return max(right, key=lambda file: file.upload)
    best = best_of(hand_in, notebooks, assignment, answers)
    if best is not None:
        add(hand_in.notes, f"graded from '{best.name}', for there is no {assignment}.ipynb")
        if len(notebooks) > 1:
            add(hand_in.notes, f"{len(notebooks)} notebooks were there")
    return best


def best_of(
    hand_in: HandIn, notebooks: list[Handed], assignment: str, answers: set[str]
) -> Handed | None:
    """Of notebooks with other names, the one with most answers of the assignment."""
    for file in notebooks:
        if file.entry.problem:
            add(hand_in.notes, f"{file.name} {file.entry.problem}")
    good = [file for file in notebooks if not file.entry.problem] or notebooks
    good.sort(key=lambda file: (plain(assignment) not in plain(file.parts[-1]), file.parts))
    ranked = [(rank(file, assignment, answers), file) for file in good[:MOST_COMPARED]]
    fitting = [
        (key, file)
        for key, file in ranked
        if key[0] < 0 or not is_elsewhere(hand_in, file, assignment)
    ]
    return min(fitting, key=lambda pair: pair[0])[1] if fitting else None


def is_renamed(hand_in: HandIn, file: Handed, parts: tuple[str, ...]) -> bool:
    """Whether Canvas put a number behind the right name, as it does with a second upload."""
    if hand_in.platform != "canvas" or len(parts) > 1 or len(file.parts) > 1:
        return False
    return re.sub(r"-\d+(?=\.ipynb$)", "", file.parts[0]) == parts[0]


def is_elsewhere(hand_in: HandIn, file: Handed, assignment: str) -> bool:
    """Whether a file lies in another folder of the student's, probably of another assignment."""
    named = file.parts[-1] == f"{assignment}.ipynb" or file.parts[0] == assignment
    return hand_in.platform == "folder" and len(file.parts) > 1 and not named


def rank(file: Handed, assignment: str, answers: set[str]) -> tuple[int, int, int, str]:
    """Sort key: most of the assignment's answer cells, the likeliest name, the last upload."""
    try:
        found = {cell.grade_id for cell in read_cells(file.entry.read(LARGEST_COMPARED))}
    except (Refused, Unreadable):
        found = set()
    likely = plain(assignment) in plain(file.parts[-1])
    return -len(found & answers), 0 if likely else 1, -file.upload, file.name


def plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", name.lower())


def unzipped(hand_in: HandIn, assignment: str) -> list[Handed]:
    """The notebooks of a zip that a student handed in, if there is just one zip."""
    files = others(hand_in, assignment)
    zips = [file for file in files if file.parts[-1].lower().endswith(".zip")]
    if len(zips) != 1 or zips[0].entry.problem:
        return []
    try:
        tree = zip_within(zips[0].name, zips[0].entry.read())
    except (Refused, ArchiveError) as error:
        add(hand_in.notes, str(error))
        return []
    found = [entry for entry in tree.entries if is_notebook(entry.parts[-1])]
    if found:
        add(hand_in.notes, f"taken out of '{zips[0].name}'")
    return [Handed(e, e.parts, zips[0].time, zips[0].upload) for e in found]


def others(hand_in: HandIn, assignment: str) -> list[Handed]:
    """What else the student handed in for this assignment."""
    return [
        file
        for file in hand_in.files
        if file.parts
        and file.parts[-1] != TIMESTAMP
        and not is_notebook(file.parts[-1])
        and not is_elsewhere(hand_in, file, assignment)
    ]


def timestamp_of(hand_in: HandIn, file: Handed | None, assignment: str, timezone: str) -> str:
    """The time of submission in UTC, empty without one; one that cannot be read is noted.

    On a platform only its own time counts: a timestamp.txt there is the student's.
    """
    if hand_in.platform != "folder":
        return file.time if file else max((f.time for f in hand_in.files), default="")
    by_parts = {file.parts: file.entry for file in hand_in.files}
    for parts in ((assignment, TIMESTAMP), (TIMESTAMP,)):
        if parts in by_parts:
            with suppress(Refused, ValueError, OverflowError, UnknownTimezoneWarning):
                text = by_parts[parts].read(1000).decode("utf-8-sig").strip()
                return in_utc(text, timezone)
            add(hand_in.notes, f"{TIMESTAMP} cannot be read, so the time of submission is unknown")
            return ""
    return ""


def in_utc(text: str, timezone: str = "UTC") -> str:
    """A time such as `2026-01-31 23:59:00 CET` in UTC; one without a zone is UTC already.

    `timezone` tells which zone is meant by what it is called there, say PST and PDT.
    """
    if not re.match(r"\d{4}-\d\d-\d\d", text):
        raise ValueError("a time begins with year, month and day")
    zones = {name: gettz(name) for name in re.findall(r"[A-Za-z][A-Za-z/_]+", text)}
    here = gettz(timezone)
    months = (datetime(2026, month, 1, tzinfo=here) for month in (1, 7))
    zones |= {name: here for month in months if (name := month.tzname())}
    with warnings.catch_warnings():
        warnings.simplefilter("error", UnknownTimezoneWarning)
        time = parse(text, tzinfos={name: zone for name, zone in zones.items() if zone})
    if time.tzinfo is not None:
        time = time.astimezone(UTC).replace(tzinfo=None)
    return time.isoformat(sep=" ")


# ---------------------------------------------------------------- our own copy


def place(chosen: Chosen, folder: Path, assignment: str, in_place: bool) -> Path | None:
    """Where the notebook lies: in the folder that our copies of the submission are put into."""
    if in_place:
        path = chosen.file.entry.path if chosen.file and chosen.data is not None else None
        chosen.status = chosen.status or ("" if path else "no-notebook")
        return path
    if chosen.data is None:
        remove(folder)
        return None
    for part in (folder.parent, folder):
        if part.is_symlink() or (part.exists() and not part.is_dir()):
            part.unlink()
    files = {f"{assignment}.ipynb": chosen.data}
    if chosen.timestamp:
        files[TIMESTAMP] = chosen.timestamp.encode()
    for name, data in files.items():
        if not holds(folder / name, data):
            write_atomically(folder / name, data)
    for left in folder.iterdir():
        if left.name not in files:
            remove(left)
    return folder / f"{assignment}.ipynb"


def holds(path: Path, data: bytes) -> bool:
    """Whether a file with these very bytes is there."""
    try:
        return read_regular(path, len(data)) == data
    except Refused:
        return False


def remove(path: Path) -> None:
    """Remove a file or a folder; what a link leads to stays."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def forget(records: list[Record], fresh: list[Record], submitted: Path, assignment: str) -> None:
    """Remove our copies of those who are no longer among the submissions."""
    there = {record.student for record in fresh}
    for record in records:
        gone = record.assignment == assignment and record.student not in there
        if gone and safe_id(record.student) == record.student:
            remove(submitted / record.student / assignment)
            with suppress(OSError):
                (submitted / record.student).rmdir()

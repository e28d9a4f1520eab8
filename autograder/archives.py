"""The files of a folder or a zip, read within limits; nothing is followed or extracted."""

from __future__ import annotations

import io
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import IO

from autograder.roster import shown

MAX_NOTEBOOK = 50 * 10**6
MAX_ENTRIES = 100_000
"""Entries of a zip at most."""
LIST_SIZE = 64 * 2**20
MAX_FILES = 2_000
"""Files in one student's folder at most."""
MAX_DEPTH = 6
PIECE = 1 << 16
TIMESTAMP = "timestamp.txt"
CENTRAL = b"PK\x01\x02"
NO_LINKS = "is a link, which is not followed"
IRREGULAR = "is not a regular file"
SYSTEM = {".git", ".ipynb_checkpoints", "__MACOSX", "__pycache__", ".DS_Store"}
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Others unpack without a bound on memory."""
UNPACKING = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
)


class Refused(Exception):
    """A file or folder that is not taken; the message says why."""


class ArchiveError(Exception):
    """A folder or a zip that cannot be read at all; the message is one sentence."""


@dataclass(frozen=True)
class Entry:
    """A file, or what poses as one: where it lies, and how to read it or why it is not read."""

    parts: tuple[str, ...]
    reader: Callable[[int], bytes]
    problem: str = ""
    path: Path | None = None

    @property
    def name(self) -> str:
        return shown("/".join(self.parts))

    def read(self, limit: int | None = None) -> bytes:
        """The bytes; raises `Refused` if there are more than `limit`, or none to be had."""
        if self.problem:
            raise Refused(f"{shown(self.parts[-1])} {self.problem}")
        return self.reader(MAX_NOTEBOOK if limit is None else limit)


@dataclass
class Tree:
    """What a folder or a zip holds: its files, and its folders by their parts."""

    entries: list[Entry] = field(default_factory=list)
    folders: set[tuple[str, ...]] = field(default_factory=set)

    def inside(self) -> Tree:
        """What lies in the folders at the top, as if they were not there."""
        entries = [replace(e, parts=e.parts[1:]) for e in self.entries if e.parts[1:]]
        return Tree(entries, {parts[1:] for parts in self.folders if parts[1:]})

    def only_folder(self) -> str | None:
        """The folder around everything, as some programs make one; None if there is none."""
        tops = {entry.parts[0] for entry in self.entries} | {parts[0] for parts in self.folders}
        top = tops.pop() if len(tops) == 1 else None
        return top if top is not None and (top,) in self.folders else None


@contextmanager
def opened(source: Path) -> Iterator[Tree]:
    """The files of a folder, or of a zip while it is open."""
    if source.is_dir():
        yield folder_tree(source)
    elif source.is_file():
        with open_zip(source) as archive:
            yield zip_tree(source, archive)
    else:
        raise ArchiveError(f"There is no folder or zip of submissions at {source}.")


# ---------------------------------------------------------------- folders


def folder_tree(folder: Path) -> Tree:
    """The files of a folder; a student's with too many is one entry that says so."""
    tree = Tree()
    try:
        items = sorted(os.scandir(folder), key=lambda item: item.name)
    except OSError as error:
        raise ArchiveError(f"{folder} cannot be read: {error.strerror}.") from None
    for item in items:
        if item.is_dir(follow_symlinks=False) and item.name not in SYSTEM:
            tree.folders.add((item.name,))
            tree.entries += below(Path(item.path), (item.name,))
        elif item.name not in SYSTEM:
            tree.entries.append(folder_entry(Path(item.path), (item.name,)))
    return tree


def below(folder: Path, parts: tuple[str, ...]) -> list[Entry]:
    """The files of one student's folder."""
    entries: list[Entry] = []
    for entry in walk(folder, parts):
        if len(entries) == MAX_FILES:
            return [Entry(parts, nothing, f"has more than {MAX_FILES} files")]
        entries.append(entry)
    return entries


def walk(folder: Path, parts: tuple[str, ...]) -> Iterator[Entry]:
    """The files of a folder and of those in it."""
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        yield Entry(parts, nothing, f"cannot be read: {error.strerror}")
        return
    for name in names:
        path, where = folder / name, (*parts, name)
        if name in SYSTEM:
            continue
        if path.is_symlink() or not path.is_dir() or is_notebook(name) or name == TIMESTAMP:
            yield folder_entry(path, where)
        elif len(where) <= MAX_DEPTH:
            yield from walk(path, where)


def is_notebook(name: str) -> bool:
    return name.lower().endswith(".ipynb")


def nothing(limit: int) -> bytes:
    raise Refused("it is not read")


def folder_entry(path: Path, parts: tuple[str, ...]) -> Entry:
    try:
        kind = os.lstat(path).st_mode
    except OSError as error:
        return Entry(parts, nothing, f"cannot be read: {error.strerror}")
    problem = NO_LINKS if stat.S_ISLNK(kind) else "" if stat.S_ISREG(kind) else IRREGULAR
    return Entry(parts, partial(read_regular, path), problem, path)


def read_regular(path: Path, limit: int = MAX_NOTEBOOK) -> bytes:
    """The bytes of a regular file: no link, no device, no pipe, no more than the limit."""
    name = shown(path.name)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        reason = NO_LINKS if path.is_symlink() else f"cannot be read: {error.strerror}"
        raise Refused(f"{name} {reason}") from None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Refused(f"{name} {IRREGULAR}")
        if status.st_size > limit:
            raise Refused(f"{name} {too_large(status.st_size, limit)}")
        return bounded(file, name, limit)


def bounded(file: IO[bytes], name: str, limit: int) -> bytes:
    """What a file holds, counted while it is read."""
    data = bytearray()
    while piece := file.read(PIECE):
        data += piece
        if len(data) > limit:
            raise Refused(f"{name} has more than {limit / 1e6:g} MB")
    return bytes(data)


def too_large(size: int, limit: int) -> str:
    return f"has {size / 1e6:.0f} MB, more than {limit / 1e6:g} MB"


# ---------------------------------------------------------------- zips


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """A zip whose list of entries is short enough to be held."""
    if count_at_end(path, CENTRAL, MAX_ENTRIES) > MAX_ENTRIES:
        raise ArchiveError(f"{path} has more than {MAX_ENTRIES} entries: nothing was taken.")
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ArchiveError(
            f"{path} is neither a folder nor a zip that can be read ({error}): "
            "download the submissions again."
        ) from None
    with archive:
        yield archive


def count_at_end(path: Path, mark: bytes, enough: int) -> int:
    """How often a mark is in the end of a file, where a zip lists its entries, or more than enough.

    A list that is longer than this end costs no more memory than the zip has bytes.
    """
    found, tail = 0, b""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - LIST_SIZE))
        while found <= enough and (piece := file.read(PIECE)):
            text = tail + piece
            found += text.count(mark)
            tail = text[len(text) - len(mark) + 1 :]
    return found


def zip_within(name: str, data: bytes) -> Tree:
    """The files of a zip that a student handed in."""
    if data.count(CENTRAL) > MAX_FILES:
        raise Refused(f"{name} has more than {MAX_FILES} files")
    try:
        return zip_tree(Path(name), zipfile.ZipFile(io.BytesIO(data)))
    except UNPACKING as error:
        raise Refused(f"{name} is no zip that can be read: {str(error)[:100]}") from None


def zip_tree(path: Path, archive: zipfile.ZipFile) -> Tree:
    """The files of a zip; of two with one name the latter counts, as where a zip is unpacked."""
    entries: dict[tuple[str, ...], Entry] = {}
    folders: set[tuple[str, ...]] = set()
    for info in archive.infolist():
        name = member_name(info)
        parts = tuple(part for part in re.split(r"[/\\]", name) if part not in ("", "."))
        if leaves(name, parts):
            raise ArchiveError(
                f"{path} has an entry '{shown(name)[:100]}', which leads out of it: that is no "
                "platform's download, and nothing of it was taken."
            )
        if not parts or SYSTEM.intersection(parts):
            continue
        is_folder = name.endswith(("/", "\\"))
        folders.update(parts[:end] for end in range(1, len(parts) + is_folder))
        if not is_folder:
            entries[parts] = Entry(parts, partial(read_member, archive, info), trouble(info, parts))
    return Tree(list(entries.values()), folders)


def member_name(info: zipfile.ZipInfo) -> str:
    """An entry's name; many programs write UTF-8 without the flag that says so."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def leaves(name: str, parts: tuple[str, ...]) -> bool:
    """Whether a name leads out of the zip: not by way of a student's folder."""
    return name[:1] in ("/", "\\") or parts[:1] == ("..",) or bool(re.match("[A-Za-z]:", name))


def trouble(info: zipfile.ZipInfo, parts: tuple[str, ...]) -> str:
    """Why an entry is not read, empty if it can be."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if ".." in parts:
        return "has a name that leads out of its folder"
    if kind == stat.S_IFLNK:
        return NO_LINKS
    if kind not in (0, stat.S_IFREG):
        return IRREGULAR
    if info.flag_bits & 0x1:
        return "is encrypted"
    return "" if info.compress_type in METHODS else "is compressed in a way that is not read"


def read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> bytes:
    """The bytes of a zip's entry, counted as they are unpacked: its header may lie."""
    name = shown(member_name(info).split("/")[-1])
    try:
        with archive.open(info) as file:
            return bounded(file, name, limit)
    except UNPACKING as error:
        raise Refused(f"{name} cannot be unpacked: {str(error)[:100]}") from None

"""Files that are written whole or not at all, under names that are safe for any student."""

import errno
import hashlib
import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
SQLITE_NO_ROOM = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}


class DiskFull(Exception):
    """There is no room for a file; nothing of it was written."""

    def __init__(self, path: Path):
        super().__init__(
            f"there is no room for {path}: free some on that disk and run the same command again. "
            "Nothing was half-written, and what was graded is kept."
        )


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file completely or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{safe_name(path.name)[:150]}.part")
    try:
        partial.write_bytes(data)
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        if is_full(error):
            raise DiskFull(path) from error
        raise


def is_full(error: BaseException | None) -> bool:
    """Whether an error came of a disk or quota that is full, the causes of the error included."""
    while error is not None:
        if isinstance(error, DiskFull) or getattr(error, "errno", None) in NO_ROOM:
            return True
        original = getattr(error, "orig", None)
        if getattr(original, "sqlite_errorcode", 0) & 0xFF in SQLITE_NO_ROOM:
            return True
        error = error.__cause__ or error.__context__
    return False


def safe_name(text: str) -> str:
    """A file name for any text: readable, of bounded length, and never the same for two texts."""
    name = quote(text, safe=" ()@+,=")
    if len(name) <= 120 and not name.startswith("."):
        return name
    return f"{name[:80].lstrip('.')}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"

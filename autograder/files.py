"""Files that are written whole or not at all, under names that are safe for any student."""

import hashlib
import os
from pathlib import Path
from urllib.parse import quote


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file completely or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{safe_name(path.name)[:150]}.part")
    partial.write_bytes(data)
    os.replace(partial, path)


def safe_name(text: str) -> str:
    """A file name for any text: readable, of bounded length, and never the same for two texts."""
    name = quote(text, safe=" ()@+,=")
    if len(name) <= 120 and not name.startswith("."):
        return name
    return f"{name[:80].lstrip('.')}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"

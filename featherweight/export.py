"""Write the cells tagged `export` of the chapters to `featherweight/techniques/`.

    python -m featherweight.export           # write the modules
    python -m featherweight.export --check   # fail if a module differs from its chapter

A chapter is the single source of its technique: later chapters, the checks, the benchmarks and a
student's project import exactly what the reader saw. The reader of chapters is strict: an unknown
tag or a near-marker is an error with file and line.
"""

import argparse
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
TECHNIQUES = ROOT / "featherweight" / "techniques"
TAGS = frozenset(
    {
        "export",
        "hide-cell",
        "hide-input",
        "hide-output",
        "remove-cell",
        "remove-input",
        "remove-output",
    }
)
PACKAGE_INIT = '"""The course\'s techniques, written by `python -m featherweight.export`."""\n'

FENCE = re.compile(r"^(?P<ticks>`{3,})\{code-cell\}(?P<language>.*)$")
NEAR_FENCE = re.compile(r"^\s*(`{3,}|~{3,}|:{3,})\s*\{\s*code[-_ ]?cells?\s*\}", re.IGNORECASE)
OPTION = re.compile(r"^:(?P<key>[\w-]+):\s*(?P<value>.*)$")
NEAR_OPTION = re.compile(r"^\s*:?\s*tags?\s*:", re.IGNORECASE)
NEAR_MARKER = re.compile(r"^\s*#\s*\|?\s*:?-*\s*\[?export(ed|s)?\b\]?\s*:?\s*$", re.IGNORECASE)


class ChapterError(ValueError):
    """A chapter that breaks the format; the message starts with file and line."""


@dataclass(frozen=True)
class Cell:
    """A code cell of a chapter: its tags, its source and the line its fence stands on."""

    line: int
    tags: frozenset[str]
    source: str


def chapters(book: Path = BOOK) -> list[Path]:
    """The MyST notebooks of the book."""
    return sorted(p for p in book.rglob("*.md") if "format_name: myst" in p.read_text()[:500])


def read_cells(path: Path) -> list[Cell]:
    """Read the code cells of one chapter."""
    return list(_cells(path, path.read_text().splitlines()))


def _cells(path: Path, lines: list[str]) -> Iterator[Cell]:
    number = 0
    while number < len(lines):
        opening = FENCE.match(lines[number])
        if opening is None:
            if NEAR_FENCE.match(lines[number]):
                _fail(path, number, "write a code cell as ```{code-cell} ipython3")
            number += 1
            continue
        if opening["language"].strip() != "ipython3":
            _fail(path, number, "a code cell's language is ipython3")
        end = _closing(path, lines, number, opening["ticks"])
        yield _cell(path, number, lines[number + 1 : end])
        number = end + 1


def _closing(path: Path, lines: list[str], start: int, ticks: str) -> int:
    for number in range(start + 1, len(lines)):
        if lines[number].rstrip() == ticks:
            return number
        if FENCE.match(lines[number]):
            break
    return _fail(path, start, "this code cell is never closed")


def _cell(path: Path, start: int, body: list[str]) -> Cell:
    tags: frozenset[str] = frozenset()
    first = 0
    for first, line in enumerate([*body, ""]):
        option = OPTION.match(line)
        if option is None:
            break
        if option["key"] != "tags" or tags:
            _fail(path, start + 1 + first, "a chapter's code cell has one option, `:tags: [...]`")
        tags = _tags(path, start + 1 + first, option["value"])
    for number, line in enumerate(body[first:], start + 1 + first):
        if NEAR_MARKER.match(line) or (number == start + 1 + first and _looks_like_option(line)):
            _fail(path, number, f"{line.strip()!r} is no marker; write `:tags: [export]`")
    return Cell(start + 1, tags, "\n".join(body[first:]).strip("\n"))


def _looks_like_option(line: str) -> bool:
    return bool(NEAR_OPTION.match(line)) or line.strip() == "---"


def _tags(path: Path, number: int, value: str) -> frozenset[str]:
    if not re.fullmatch(r"\[[\w-]+(, [\w-]+)*\]", value):
        _fail(path, number, "write tags as `:tags: [one, another]`")
    tags = value[1:-1].split(", ")
    for tag in tags:
        if tag not in TAGS:
            _fail(path, number, f"unknown tag '{tag}'; the tags are {', '.join(sorted(TAGS))}")
    return frozenset(tags)


def _fail(path: Path, index: int, message: str) -> NoReturn:
    where = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    raise ChapterError(f"{where}:{index + 1}: {message}.")


def module_name(chapter: Path) -> str:
    """The module that a chapter is exported to."""
    return chapter.stem.replace("-", "_")


def module_source(chapter: Path, book: Path = BOOK) -> str | None:
    """The module's text: a header and the exported cells, or None if nothing is exported."""
    cells = [cell for cell in read_cells(chapter) if "export" in cell.tags]
    if not cells:
        return None
    name = chapter.relative_to(book.parent).as_posix()
    header = f'"""Exported from `{name}`: edit the chapter, not this file."""\n\n'
    source = header + "\n\n\n".join(cell.source for cell in cells) + "\n"
    try:
        compile(source, str(chapter), "exec")
    except SyntaxError as error:
        where = cells[0].line
        raise ChapterError(f"{name}:{where}: the exported cells do not compile: {error}.") from None
    return source


def modules(book: Path = BOOK) -> dict[str, str]:
    """Every exported module's file name and text."""
    written = {"__init__.py": PACKAGE_INIT}
    for chapter in chapters(book):
        source = module_source(chapter, book)
        if source is None:
            continue
        name = f"{module_name(chapter)}.py"
        if name in written:
            raise ChapterError(f"{chapter}:1: another chapter is exported to {name} already.")
        written[name] = source
    return written


def differences(wanted: dict[str, str], folder: Path | None = None) -> list[str]:
    """Say how the modules in `folder` differ from the wanted ones."""
    folder = folder or TECHNIQUES
    found = {path.name: path.read_text() for path in folder.glob("*.py")}
    missing = [f"{name} is missing" for name in wanted if name not in found]
    stale = [f"{name} belongs to no chapter" for name in found if name not in wanted]
    changed = [
        f"{name} differs from its chapter"
        for name, text in wanted.items()
        if name in found and found[name] != text
    ]
    return missing + stale + changed


def write(wanted: dict[str, str], folder: Path | None = None) -> None:
    """Write the modules and delete those that no chapter exports any more."""
    folder = folder or TECHNIQUES
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.py"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        path = folder / name
        if not path.exists() or path.read_text() != text:
            temporary = path.with_suffix(".py.part")
            temporary.write_text(text)
            os.replace(temporary, path)


def main(arguments: list[str] | None = None) -> int:
    """Write the exported modules, or check them."""
    parser = argparse.ArgumentParser(
        prog="python -m featherweight.export", description=main.__doc__
    )
    parser.add_argument("--check", action="store_true", help="fail on a difference; write nothing")
    options = parser.parse_args(arguments)
    try:
        wanted = modules()
    except ChapterError as error:
        print(error, file=sys.stderr)
        return 1
    if not options.check:
        write(wanted)
        return 0
    found = differences(wanted)
    for difference in found:
        print(f"featherweight/techniques/{difference}: run `python -m featherweight.export`.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

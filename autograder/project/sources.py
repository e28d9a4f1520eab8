"""A report's files as text: where a line stands, what the parser must not look at, own macros."""

from __future__ import annotations

import bisect
import posixpath
import re
from dataclasses import dataclass, field

VERBATIM = (
    r"verbatim\*?|Verbatim|BVerbatim|LVerbatim|lstlisting|minted|comment|alltt|filecontents\*?"
    r"|tikzcd|algorithm2e|luacode\*?|pycode"
)
MASKED = re.compile(
    r"\\\\|\\%|%[^\n]*|\\begin\{(?P<env>" + VERBATIM + r")\}|\\(?P<iffalse>iffalse)(?![A-Za-z])"
    r"|(?P<url>\\(?:url|nolinkurl|path|href)\s*\{[^{}\n]*\})"
    r"|\\end\{(?P<end>document)\}|\\endinput(?![A-Za-z])(?P<stop>)"
)
CONDITIONAL = re.compile(r"\\(?:(?P<if>if[A-Za-z]*)|(?P<fi>fi))(?![A-Za-z])")
NEW_COMMAND = re.compile(
    r"\\(?:newcommand|renewcommand|providecommand|DeclareRobustCommand)\*?\s*"
    r"(?:\{\s*\\(?P<braced>[A-Za-z@]+)\s*\}|\\(?P<bare>[A-Za-z@]+))"
    r"\s*(?:\[(?P<count>\d)\])?\s*(?P<optional>\[[^\]]*\])?\s*(?=\{)"
)
NEW_DOCUMENT_COMMAND = re.compile(
    r"\\(?:New|Renew|Provide|Declare)DocumentCommand\s*\{?\s*\\(?P<name>[A-Za-z@]+)\s*\}?\s*"
    r"\{(?P<spec>[^{}]*(?:\{[^{}]*\}[^{}]*)*)\}\s*(?=\{)"
)
DEF = re.compile(r"\\[gex]?def\s*\\(?P<name>[A-Za-z@]+)\s*(?P<args>(?:#\d)*)\s*(?=\{)")
NEW_ENVIRONMENT = re.compile(
    r"\\(?:newenvironment|renewenvironment)\*?\s*\{(?P<name>[A-Za-z@*]+)\}\s*"
    r"(?:\[(?P<count>\d)\])?\s*(?:\[[^\]]*\])?\s*(?=\{)"
)
BEGIN = re.compile(r"\\begin\{([A-Za-z]+\*?)\}")


@dataclass(frozen=True, order=True)
class Place:
    """A line of a file of the report."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass
class Source:
    """Text to parse, and the place of each of its characters.

    What a macro of the report's own stands for has one place, that of its use.
    """

    text: str
    file: str
    offset: int = 0
    fixed: Place | None = None
    breaks: list[int] = field(default_factory=list)

    def place(self, position: int) -> Place:
        if self.fixed is not None:
            return self.fixed
        return Place(self.file, bisect.bisect_right(self.breaks, position + self.offset - 1) + 1)


def source_of(text: str, file: str, start: int = 0, end: int | None = None) -> Source:
    """A part of a file as a source."""
    breaks = [match.start() for match in re.finditer("\n", text)]
    return Source(text[start:end], file, start, None, breaks)


def masked(text: str) -> str:
    """The text with blanks for what LaTeX does not typeset as prose: the lines stay.

    Verbatim listings, comments of the package `comment`, `\\iffalse ... \\fi`, and what follows
    the end of the document.
    """
    parts, done = [], 0
    position = 0
    while match := MASKED.search(text, position):
        position = match.end()
        if match["env"]:
            end = text.find(f"\\end{{{match['env']}}}", position)
            end = len(text) if end < 0 else end
            parts += [text[done:position], blank(text[position:end])]
            done = position = end
        elif match["url"]:
            parts += [text[done : match.start()], match["url"].replace("%", "p")]
            done = position
        elif match["iffalse"]:
            end = end_of_conditional(text, position)
            parts += [text[done : match.start()], blank(text[match.start() : end])]
            done = position = end
        elif match["end"] or match["stop"] is not None:
            keep = match.end() if match["end"] else match.start()
            parts += [text[done:keep], blank(text[keep:])]
            done = position = len(text)
    return "".join([*parts, text[done:]])


def blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def end_of_conditional(text: str, position: int) -> int:
    depth = 1
    for match in CONDITIONAL.finditer(text, position):
        depth += 1 if match["if"] else -1
        if depth == 0:
            return match.end()
    return len(text)


# ------------------------------------------------------------------ macros of the report's own


@dataclass(frozen=True)
class OwnMacro:
    """A command that the report defines: how its arguments are written, and what it stands for."""

    name: str
    arguments: str
    body: str
    start: int = 0
    end: int = 0


def own_macros(text: str) -> list[OwnMacro]:
    """The commands that a text defines, with the span of each definition."""
    found = []
    for match in NEW_COMMAND.finditer(text):
        count = int(match["count"] or 0)
        optional = bool(match["optional"]) and count > 0
        arguments = "[" * optional + "{" * (count - optional)
        found.append((match["braced"] or match["bare"], arguments, match))
    for match in NEW_DOCUMENT_COMMAND.finditer(text):
        letters = re.sub(r"\{[^{}]*\}", "", match["spec"])
        kinds = {"m": "{", "o": "[", "O": "[", "s": "*"}
        found.append((match["name"], "".join(kinds.get(one, "") for one in letters), match))
    for match in DEF.finditer(text):
        found.append((match["name"], "{" * match["args"].count("#"), match))
    macros = []
    for name, arguments, match in found:
        end = closing_brace(text, match.end())
        body = text[match.end() + 1 : end - 1]
        macros.append(OwnMacro(name, arguments, body, match.start(), end))
    return macros


def own_environments(text: str) -> dict[str, str]:
    """The environments that a text defines around another one: `myfigure` around `figure`."""
    found = {}
    for match in NEW_ENVIRONMENT.finditer(text):
        begins = text[match.end() : closing_brace(text, match.end())]
        if inner := BEGIN.search(begins):
            found[match["name"]] = inner[1]
    return found


def without_definitions(text: str, macros: list[OwnMacro]) -> str:
    """The text with blanks for definitions of macros, whose bodies are typeset where used."""
    spans = sorted((macro.start, macro.end) for macro in macros)
    for match in NEW_ENVIRONMENT.finditer(text):
        first = closing_brace(text, match.end())
        second = text.find("{", first)
        spans.append((match.start(), closing_brace(text, second) if second >= 0 else first))
    for start, end in spans:
        text = text[:start] + blank(text[start:end]) + text[end:]
    return text


def closing_brace(text: str, start: int) -> int:
    """The position behind the brace that closes the one at `start`; the end if none does."""
    depth = 0
    for match in re.finditer(r"\\.|%[^\n]*|[{}]", text[start:], re.DOTALL):
        if match[0] == "{":
            depth += 1
        elif match[0] == "}":
            depth -= 1
            if depth == 0:
                return start + match.end()
    return len(text)


# ------------------------------------------------------------------ files


def decoded(data: bytes) -> tuple[str, int]:
    """A file's text, and the first line that is not UTF-8 (0 if all is)."""
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n"), 0
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return data.decode("latin-1").replace("\r\n", "\n"), line


def resolved(name: str, folder: str, names: set[str], endings: tuple[str, ...]) -> str | None:
    """The file of the report that a command names, None if there is none.

    A path is seen from the main file's folder, as LaTeX does.
    """
    base = posixpath.normpath(posixpath.join(folder, name.strip().strip('"')))
    for ending in ("", *endings):
        if base + ending in names:
            return base + ending
    return None


def leads_out(name: str, folder: str) -> bool:
    """Whether a path is absolute or leads out of the report's folder."""
    name = name.strip().strip('"')
    absolute = name.startswith(("/", "~", "|")) or bool(re.match(r"[A-Za-z]:[\\/]", name))
    return absolute or posixpath.normpath(posixpath.join(folder, name)).startswith("..")

"""Compile a report in the sandbox in which notebooks run, and read what LaTeX said."""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import os
import posixpath
import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from autograder.project.sources import Place, decoded, masked

INSIDE = Path(__file__).with_name("tex_inside.py")
DATA_FOLDERS = ("/etc/texmf", "/var/lib/texmf")
ENGINES = {"pdf": "pdflatex", "pdfxe": "xelatex", "pdflua": "lualatex"}
MAGIC = re.compile(r"%\s*!\s*TEX\s+(?:TS-)?program\s*=\s*(\w+)", re.IGNORECASE)
FONTS = re.compile(r"\\usepackage(?:\[[^]]*\])?\{[^}]*(fontspec|polyglossia|unicode-math|xeCJK)")
LUA = re.compile(r"\\usepackage(?:\[[^]]*\])?\{[^}]*(luacode|luatexja|luatextra)")
LOCATED = re.compile(r"^(?P<file>[^\s:][^:\n]*?\.\w+):(?P<line>\d+): (?P<text>.+)$", re.MULTILINE)
BANG = re.compile(r"^! (?P<bang>.+)$", re.MULTILINE)
ENDING = re.compile(r"^(?:Emergency stop|==> Fatal error)")
AT_LINE = re.compile(r"^l\.(\d+) ", re.MULTILINE)
MISSING_PACKAGE = re.compile(r"File [`'](?P<name>[^']+\.(?:sty|cls|def|fd|ldf|bst))' not found")
PAGES = re.compile(r"Output written on .*?\((\d+) pages?", re.DOTALL)
UNDEFINED = re.compile(r"LaTeX Warning: (Reference|Citation) [`'](.+?)' on page")
TOO_LONG = "did not end within {seconds:g} seconds: look for a macro that calls itself"
NO_TEX = (
    "not assessed: there is no TeX Live on the machine that grades "
    "(Debian and Ubuntu: apt install texlive-latex-extra texlive-bibtex-extra texlive-science "
    "biber latexmk)"
)
NO_ENGINE = "not assessed: this report needs {engine}, which is not on the machine that grades"
NO_PACKAGE = (
    "not assessed: {name} is neither in the report's folder nor on the machine that grades; if it "
    "compiles on Overleaf, install it and grade again, else this is the error"
)


@dataclass(frozen=True)
class TexLimits:
    """What compiling one report may use."""

    seconds: float = 60.0
    memory_bytes: int = 10**9
    file_bytes: int = 200 * 10**6
    pdf_bytes: int = 30 * 10**6
    log_bytes: int = 2 * 10**6
    processes: int = 64


@dataclass
class Typeset:
    """How compiling went: `ok`, `errors`, `timeout`, or `not-assessed` with the reason."""

    status: str
    reason: str = ""
    errors: list[tuple[str, int, str]] = field(default_factory=list)
    undefined: list[tuple[str, str]] = field(default_factory=list)
    pages: int = 0
    pdf: str = ""
    log: str = ""

    def as_dict(self) -> dict:
        return asdict(self)

    def pdf_data(self) -> bytes:
        return base64.b64decode(self.pdf)


def engine_of(text: str) -> str:
    """The engine that a main file asks for; Overleaf's default is pdfLaTeX."""
    if found := MAGIC.search(text[:3000]):
        wanted = found[1].lower()
        return next((key for key, name in ENGINES.items() if name == wanted), "pdf")
    if LUA.search(text):
        return "pdflua"
    return "pdfxe" if FONTS.search(text) else "pdf"


def programs() -> str:
    """The folders of programs inside the sandbox, TeX's first; empty if there is no TeX."""
    latexmk, latex = shutil.which("latexmk"), shutil.which("pdflatex")
    if not latexmk or not latex:
        return ""
    folders = [os.path.dirname(path) for path in (latexmk, latex)]
    return os.pathsep.join(dict.fromkeys([*folders, "/usr/bin", "/bin"]))


def tex_folders() -> list[str]:
    """What TeX reads beyond the system's folders: Debian's settings, or a tree of its own."""
    found = [folder for folder in DATA_FOLDERS if Path(folder).is_dir()]
    latex = shutil.which("pdflatex")
    if latex:
        root = Path(latex).resolve().parents[2]
        if not str(root).startswith("/usr") and len(root.parts) > 2:
            found.append(str(root))
    return found


class Press:
    """Compiles reports, each in a sandbox of its own, forked from one warm process."""

    def __init__(self, limits: TexLimits | None = None) -> None:
        self.limits = limits or TexLimits()
        self.path = programs()
        self.lock = threading.Lock()
        self.warm: Any = None

    def __enter__(self) -> Press:
        return self

    def __exit__(self, *error: object) -> None:
        if self.warm is not None:
            self.warm.close()

    def missing(self, engine: str) -> str:
        """Why nothing can be compiled here, empty if it can."""
        if not self.path:
            return NO_TEX
        if shutil.which(ENGINES[engine], path=self.path) is None:
            return NO_ENGINE.format(engine=ENGINES[engine])
        return ""

    def typeset(self, files: dict[str, bytes], main: str) -> Typeset:
        """Compile a report whose main file is named."""
        engine = engine_of(masked(decoded(files[main])[0]) if main in files else "")
        engine = engine_of(decoded(files[main])[0]) if engine == "pdf" else engine
        if reason := self.missing(engine):
            return Typeset("not-assessed", reason)
        answer = self.run(files, main, engine)
        if "died" in answer:
            return Typeset("errors", errors=[(main, 1, f"compiling was stopped: {answer['died']}")])
        return self.read(answer, files, main)

    def run(self, files: dict[str, bytes], main: str, engine: str) -> dict:
        """What `tex_inside.typeset` answers; the cause instead if it could not end."""
        from autograder.execute import Limits
        from autograder.sandbox import SandboxSession
        from autograder.student import StudentError

        limits = self.limits
        inside = Limits(
            notebook_seconds=limits.seconds + 20,
            memory_bytes=limits.memory_bytes,
            file_bytes=limits.file_bytes,
            processes=limits.processes,
        )
        arguments = (main, engine, limits.seconds, limits.pdf_bytes, limits.log_bytes, self.path)
        call = f"import json\nresult = json.dumps(typeset(*{arguments!r}))"
        session = SandboxSession(files, inside, self.warm_parent())
        session.start()
        try:
            outcome = session.run(f"{INSIDE.read_text('utf-8')}\n{call}", limits.seconds + 15)
            if outcome.status != "ok":
                return {"died": said_in(outcome.outputs)}
            text = session.request(
                json.dumps({"do": "get", "args": {"list": ["result"]}}), timeout=60
            )
            answer = json.loads(json.loads(text)["value"])
            return answer if isinstance(answer, dict) else {"died": "it gave no answer"}
        except (StudentError, KeyError, TypeError, ValueError) as error:
            return {"died": str(error)[:200] or "it gave no answer"}
        finally:
            session.kill()

    def warm_parent(self) -> Any:
        from autograder.sandbox import WarmParent

        with self.lock:
            if self.warm is None:
                self.warm = WarmParent(preload=(), also=tex_folders())
                self.warm.start()
            return self.warm

    def read(self, answer: dict, files: dict[str, bytes], main: str) -> Typeset:
        """The verdict on a log; what it says comes from the student's side and is only text."""
        log = text_in(answer, "log")
        pdf = text_in(answer, "pdf")
        with contextlib.suppress(binascii.Error, ValueError):
            pdf = pdf if base64.b64decode(pdf, validate=True)[:5] == b"%PDF-" else ""
        found = Typeset("ok", pdf=pdf, log=log[-20_000:])
        found.errors = list(errors_in(log, files, main))
        found.undefined = list(dict.fromkeys(UNDEFINED.findall(log)))[:100]
        pages = PAGES.findall(log)
        found.pages = int(pages[-1]) if pages else 0
        if answer.get("ended") is not True:
            where = found.errors[-1][:2] if found.errors else (main, 1)
            said = TOO_LONG.format(seconds=self.limits.seconds)
            found.status, found.errors = "timeout", [(*where, said)]
        elif found.errors or not pdf:
            found.status = "errors"
            if package := absent_package(found.errors, files):
                return Typeset("not-assessed", NO_PACKAGE.format(name=package), found.errors)
            if not found.errors:
                found.errors = [(main, 1, "LaTeX made no PDF: the document may be empty")]
        return found


def text_in(answer: dict, name: str) -> str:
    value = answer.get(name)
    return value if isinstance(value, str) else ""


def said_in(outputs: list[dict]) -> str:
    errors = [output for output in outputs if output.get("output_type") == "error"]
    return str(errors[-1].get("evalue", ""))[:200] if errors else "the process ended"


def errors_in(log: str, files: dict[str, bytes], main: str) -> Iterator[tuple[str, int, str]]:
    """The errors in a log, each once, with file and line."""
    found = list(dict.fromkeys(located(log, files, main)))
    causes = [error for error in found if not ENDING.search(error[2])]
    yield from (causes or found)[:50]


def located(log: str, files: dict[str, bytes], main: str) -> Iterator[tuple[str, int, str]]:
    """The errors in their order; one that names no place has that of the next, or its line."""
    folder = posixpath.dirname(main)
    waiting = ""
    found = list(re.finditer(f"{LOCATED.pattern}|{BANG.pattern}", log, re.MULTILINE))
    ends = [match.start() for match in found[1:]] + [len(log)]
    for match, end in zip(found, ends, strict=False):
        if match["bang"]:
            line = AT_LINE.search(log, match.end(), end)
            if line:
                yield main, int(line[1]), " ".join(match["bang"].split())[:200]
            else:
                waiting = match["bang"]
            continue
        name = posixpath.normpath(posixpath.join(folder, match["file"]))
        name = name if name in files else posixpath.basename(match["file"])[-80:]
        for text in filter(None, (waiting, match["text"])):
            yield name, int(match["line"]), " ".join(text.split())[:200]
        waiting = ""
    if waiting:
        yield main, 1, " ".join(waiting.split())[:200]


def absent_package(errors: list[tuple[str, int, str]], files: dict[str, bytes]) -> str:
    """A package that the first error misses on this machine; the report may be sound elsewhere."""
    match = MISSING_PACKAGE.search(errors[0][2]) if errors else None
    return match["name"][:60] if match and match["name"] not in files else ""


def place_of(error: tuple[str, int, str]) -> Place:
    return Place(error[0], error[1])

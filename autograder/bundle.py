"""Make the zip that students download, and prove first that nothing of the instructor's is in it.

The zip holds what a student reads, runs and hands in: the book's sources, the released
assignments, the lab bench with its data and checkpoints, the requirements, and START-HERE.md. It is
made from a list of what may be in it, and the proof looks at the finished content once more.

The proof, in words. No path of the instructor's program or of `solutions/` and no nbgrader marker
may appear. And no line that stands between solution markers may appear anywhere, however it is
spaced or broken: the tokens of the line must not follow each other in any file. Lines that say
next to nothing are not judged: statements of up to six tokens (`total = 0`), and lines that
only open a block, up to eleven (`for name, layer in model.named_modules():`). Nothing else is
excused, not even a line that a chapter or a given cell shows for its own reasons: then the solution
asks for what students already hold, and it is the assignment that must change.
"""

import argparse
import io
import json
import os
import re
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder import release, source
from autograder.source import ROOT

DEFAULT = ROOT / "_build" / "featherweight-students.zip"
TOP = "featherweight-course"
FOLDERS = ("assignments", "book", "featherweight")
FILES = ("CITATION.cff", "LICENSE", "LICENSE-text", "_config.yml")
LOCK = "requirements.lock"
LEFT_OUT = ("__pycache__", "_pictures", "instructor")
CONTENTS = "_toc.yml"
UNFINISHED = (".part", ".pyc", ".pyo", ".tmp")

FORBIDDEN_PATHS = re.compile(r"(^|/)(solutions|autograder|course|tests|mutants|checks)(/|$)")
FORBIDDEN_NAMES = re.compile(
    r"(^|/)(nbgrader_config\.py|gradebook\.db|secret|(wrong|right)_\w+\.py)$"
)
FORBIDDEN_TEXTS = ("BEGIN SOLUTION", "END SOLUTION", "BEGIN HIDDEN", "autograder.stock")
STATEMENT, OPENING = 6, 11
TOKEN = re.compile(r"\w+|[^\w\s]")
EPOCH = (1980, 1, 1, 0, 0, 0)


class Leak(RuntimeError):
    """Something of the instructor's would be in the bundle."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `autograder bundle`."""
    parser.add_argument("--out", type=Path, default=DEFAULT, metavar="FILE.zip")


def run(args: argparse.Namespace) -> int:
    """Prove that the bundle is clean, then write it."""
    try:
        _require_fresh_release()
        files = contents()
        prove(files, solution_lines())
    except (Leak, release.ReleaseError, FileNotFoundError) as error:
        print(f"autograder bundle: {error}", file=sys.stderr)
        return 1
    write(files, args.out)
    size = args.out.stat().st_size / 10**6
    print(f"{args.out}: {len(files)} files, {size:.1f} MB, no solution and no check in it.")
    return 0


def contents() -> dict[str, bytes]:
    """Return every file of the bundle by its path inside it."""
    paths = [ROOT / name for name in (*FILES, LOCK)]
    for folder in FOLDERS:
        paths += [path for path in (ROOT / folder).rglob("*") if path.is_file()]
    if missing := [path for path in paths if not path.exists()]:
        raise FileNotFoundError(f"{missing[0]} is missing, and students need it.")
    inside = ((path.relative_to(ROOT), path) for path in paths)
    files = {str(name): path.read_bytes() for name, path in inside if _belongs(name)}
    files[CONTENTS] = student_toc().encode()
    files["START-HERE.md"] = start_here().encode()
    files["pyproject.toml"] = student_pyproject().encode()
    files["environment.yml"] = student_environment().encode()
    return dict(sorted(files.items()))


def prove(files: dict[str, bytes], lines: dict[str, str]) -> None:
    """Raise `Leak` unless nothing of the instructor's is in `files`.

    `lines` maps the tokens of each solution line, joined by spaces, to where the line stands.
    """
    leaked: list[str] = []
    for name, data in files.items():
        if FORBIDDEN_PATHS.search(name) or FORBIDDEN_NAMES.search(name):
            raise Leak(f"{name} is the instructor's: take it out of the students' folders.")
        text = _text(name, data)
        if marker := next((m for m in FORBIDDEN_TEXTS if m in text), None):
            raise Leak(f"{name} contains '{marker}', which only instructors' files do.")
        tokens = f" {' '.join(TOKEN.findall(text))} "
        leaked += [f"{name}: {lines[line]}" for line in lines if f" {line} " in tokens]
    if leaked:
        listed = "\n  ".join(leaked)
        raise Leak(
            "students would have lines of solutions before they start; write those solutions "
            f"differently, or ask for something else:\n  {listed}"
        )


def solution_lines() -> dict[str, str]:
    """Return the tokens of every judged solution line, with the place where it stands."""
    found = {}
    for name in source.assignments():
        for cell in source.master(name).cells:
            if source.role(cell) in ("solution", "written"):
                for line in source.solution_lines(cell):
                    if tokens := judged(line):
                        found[tokens] = f"{name}, '{source.grade_id(cell)}': {line.strip()}"
    return found


def judged(line: str) -> str:
    """Return a line's tokens joined by spaces, or nothing if the line says next to nothing."""
    tokens = TOKEN.findall(re.sub(r"(^|\s)#.*", "", line))
    limit = OPENING if tokens and tokens[-1] == ":" else STATEMENT
    return " ".join(tokens) if len(tokens) > limit else ""


def write(files: dict[str, bytes], out: Path) -> None:
    """Write a zip that depends on nothing but `files`: no clock, no owner, no order of a disk."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(f"{TOP}/{name}", EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, files[name])
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(out.name + ".part")
    partial.write_bytes(buffer.getvalue())
    os.replace(partial, out)


def _require_fresh_release() -> None:
    stale = release.check(source.assignments()) + release.without_source()
    if stale:
        name = stale[0].relative_to(ROOT)
        raise Leak(f"{name} is not what its source gives: run 'autograder release' first.")


def _belongs(name: Path) -> bool:
    hidden = any(part.startswith(".") for part in name.parts)
    return not hidden and name.suffix not in UNFINISHED and not set(name.parts) & set(LEFT_OUT)


def _text(name: str, data: bytes) -> str:
    """The text of a file; of a notebook, what its cells and outputs say; of data, nothing."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return "\n".join(_strings(json.loads(text))) if name.endswith(".ipynb") else text


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        if all(isinstance(item, str) for item in value):
            yield "".join(value)
        else:
            for item in value:
                yield from _strings(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)


def start_here() -> str:
    """Return the page that a student opens first."""
    titles = {name: title(ROOT / f"{name}.md") for name in chapters()}
    read = "\n".join(
        f"{number}. `{name}.md`: {heading}"
        for number, (name, heading) in enumerate(titles.items(), start=1)
    )
    solve = "\n".join(
        f"- `assignments/{name}/{name}.ipynb`: {title(source.path_of(name))}.\n"
        f"  It needs {listed([f'*{chapter}*' for chapter in needed(name)])}."
        for name in source.assignments()
    )
    return START_HERE.format(chapters=read, assignments=solve)


def listed(names: list[str]) -> str:
    """Names as a sentence holds them: a, b and c."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def student_toc() -> str:
    """Return the book's table of contents without the part for instructors."""
    toc = (ROOT / CONTENTS).read_text(encoding="utf-8")
    part = r"^  - caption: For instructors\n(?: {4,}.*\n)*"
    return re.sub(part, "", toc, flags=re.MULTILINE)


def chapters() -> list[str]:
    """Return the pages that lie in a part of the book, in reading order."""
    pages = r"^ {6}- file: (book/[\w-]+/[\w-]+)$"
    return re.findall(pages, student_toc(), flags=re.MULTILINE)


def needed(assignment: str) -> list[str]:
    """Return the titles of the chapters that an assignment names under "Before you start"."""
    text = source.path_of(assignment).read_text(encoding="utf-8")
    before = text.partition("**Before you start.**")[2].partition("\n\n")[0]
    titles = (title(ROOT / f"{name}.md") for name in chapters())
    return [heading for heading in titles if f"*{heading}*" in before]


def title(path: Path) -> str:
    """Return a text's title: its first heading."""
    heading = re.search(r"^# (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return heading.group(1).strip() if heading else path.stem


def student_environment() -> str:
    """Return the environment for conda, of Python and the lock alone."""
    return ENVIRONMENT.format(python=_project()["requires-python"])


def _project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def student_pyproject() -> str:
    """Return the project's description without the grader and the tests."""
    project = _project()

    def listed(items: list[str]) -> str:
        return "[\n" + "".join(f"  {json.dumps(item)},\n" for item in items) + "]"

    return PYPROJECT.format(
        name=json.dumps(project["name"]),
        version=json.dumps(project["version"]),
        description=json.dumps(project["description"]),
        python=json.dumps(project["requires-python"]),
        dependencies=listed(project["dependencies"]),
        book=listed(project["optional-dependencies"]["book"]),
    )


PYPROJECT = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = {name}
version = {version}
description = {description}
readme = "START-HERE.md"
requires-python = {python}
dependencies = {dependencies}

[project.optional-dependencies]
book = {book}

[tool.setuptools.packages.find]
include = ["featherweight*"]
"""

ENVIRONMENT = """\
# For conda: it gives Python, pip the packages of requirements.lock.
name: featherweight
channels:
  - conda-forge
  - nodefaults
dependencies:
  - python {python}
  - pip
  - pip:
      - -r requirements.lock
"""

START_HERE = """\
# Featherweight: start here

This folder holds the course: the book's pages as notebooks (`book/`), the assignments
(`assignments/`), and `featherweight/`, the small package with data, models and trained
checkpoints that both use. After the installation nothing here needs a network.

## Install, once

You need Python 3.11, 3.12 or 3.13. In a terminal, in this folder:

    python3 -m venv .venv
    .venv/bin/python -m pip install --require-hashes -r requirements.lock
    .venv/bin/python -m pip install --no-deps --no-build-isolation -e .

On Windows, type `py -m venv .venv` first, and `.venv\\Scripts\\python` for
`.venv/bin/python`. With conda:

    conda env create -f environment.yml
    conda activate featherweight
    pip install --no-deps --no-build-isolation -e .

On Linux the lock's PyTorch comes with CUDA: the download is several GB. The build for CPUs is much
smaller and enough for everything here. The lock cannot check its files, so versions may be newer
than the lock's. To take it, type instead, with uv:

    python3 -m venv .venv
    .venv/bin/python -m pip install uv
    .venv/bin/uv pip install --python .venv/bin/python --torch-backend cpu -e ".[book]"

With pip alone, make `.venv` in the same way. Then run the line that pytorch.org/get-started shows
for Linux, Pip and CPU, with `.venv/bin/python -m pip` for its `pip3`. At last:

    .venv/bin/python -m pip install -e ".[book]"

## Start

    .venv/bin/python -m jupyterlab

Your browser shows this folder. (With conda: `jupyter lab`.)

**Read** a chapter: click its file under `book/` with the right mouse button, then *Open With*,
*Notebook*. The chapters in order:

{chapters}

Or make web pages of the whole book and open `_build/html/index.html`. This runs the chapters, which
takes a few minutes the first time:

    .venv/bin/jupyter-book build .

**Solve** an assignment: open its notebook, and replace each line that begins with
`raise NotImplementedError` and each `YOUR ANSWER HERE`. The test below each function says what is
wrong.

{assignments}

"Run All" stops at the first exercise you left out; run the cells below it one by one. Grading runs
all cells.

**Hand in** the notebook of the assignment under the name it has. Before that: *Kernel*, *Restart
Kernel and Run All Cells*, then save. Your instructor says where to.

## If something goes wrong

- `No module named 'featherweight'`: the third line of the installation is missing, or the notebook
  runs with another Python: *Kernel*, *Change Kernel*.
- `requires a different Python`: make `.venv` anew with one of the versions above.
- A cell that was given fails: restart the kernel and run all cells from the top.
"""

"""Make the students' notebooks: `solutions/` through nbgrader's generate_assignment.

The text sources become notebooks in `_build/source/`, nbgrader takes out the solutions and the
hidden tests and enters the cells in the course's gradebook, and what comes out replaces the
folders in `assignments/`. Generating again changes nothing; `--check` proves it and writes nothing.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nbformat import NotebookNode
from tqdm import tqdm

from autograder import source
from autograder.source import ROOT

RELEASED = ROOT / "assignments"
BUILT = ROOT / "_build" / "source"


class ReleaseError(RuntimeError):
    """nbgrader could not make an assignment."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `autograder release`."""
    parser.add_argument("assignments", nargs="*", metavar="ASSIGNMENT", help="default: all")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail if assignments/ is not up to date"
    )


def run(args: argparse.Namespace) -> int:
    """Release, or check the release of, the assignments that are asked for."""
    names = source.chosen(args.assignments)
    try:
        differences = check(names) if args.check else release(names)
    except ReleaseError as error:
        print(f"autograder release: {error}", file=sys.stderr)
        return 1
    strays = [] if args.assignments else without_source()
    for path in strays:
        print(f"{path.relative_to(ROOT)}: no source in solutions/; remove it.")
    for path in differences:
        state = "differs from its source; run 'autograder release'" if args.check else "written"
        print(f"{path.relative_to(ROOT)}: {state}.")
    if not differences:
        print(f"{', '.join(names)}: up to date.")
    return 1 if args.check and (differences or strays) else 0


def release(names: list[str]) -> list[Path]:
    """Write `_build/source/` and `assignments/`; return the changed files of the latter."""
    (ROOT / "course").mkdir(exist_ok=True)
    masters = {name: source.master(name) for name in names}
    changed = []
    with _workplace() as work:
        for name in tqdm(names, desc="release", disable=None):
            made = _write_source(name, masters[name], work / "source" / name)
            _replace_folder(made, BUILT / name)
            generated = _generate(name, BUILT.parent / "source", work / "release")
            changed += _replace_folder(generated, RELEASED / name)
    return changed


def check(names: list[str]) -> list[Path]:
    """Return the files of `assignments/` that differ from what their sources give."""
    masters = {name: source.master(name) for name in names}
    differing = []
    with _workplace() as work:
        database = f"sqlite:///{work / 'gradebook.db'}"
        for name in tqdm(names, desc="check", disable=None):
            _write_source(name, masters[name], work / "source" / name)
            generated = _generate(name, work / "source", work / "release", database)
            differing += _differences(generated, RELEASED / name)
    return differing


@contextmanager
def _workplace() -> Iterator[Path]:
    """Give a temporary folder beside the build's others, so that files can be moved from it."""
    (ROOT / "_build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "_build", prefix="release-") as work:
        yield Path(work)


def _write_source(name: str, notebook: NotebookNode, folder: Path) -> Path:
    source.write(notebook, folder / f"{name}.ipynb")
    for fixture in source.fixtures(name):
        target = folder / fixture.relative_to(source.SOLUTIONS / name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(fixture, target)
    return folder


def _generate(name: str, sources: Path, into: Path, database: str | None = None) -> Path:
    """Run nbgrader's own generate_assignment; return the folder it wrote."""
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    _let_nbgrader_find_alembic()
    config = source.nbgrader_config()
    config.CourseDirectory.source_directory = str(sources)
    config.CourseDirectory.release_directory = str(into)
    if database:
        config.CourseDirectory.db_url = database
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    outcome = api.generate_assignment(name, force=True, create=True)
    if not outcome["success"]:
        raise ReleaseError(_explain(name, outcome))
    return into / name


def _let_nbgrader_find_alembic() -> None:
    """nbgrader calls `alembic` by name when it makes a database: it lies beside this Python."""
    programs = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", "")
    if programs not in path.split(os.pathsep):
        os.environ["PATH"] = programs + os.pathsep + path


def _explain(name: str, outcome: dict) -> str:
    log = outcome.get("log") or ""
    if "submissions associated with it" in log:
        return (
            f"'{name}' has other cells than the submissions in course/gradebook.db; keep the "
            "release as it is for this class, or move the course folder away for a new one."
        )
    reason = (outcome.get("error") or log or "no reason given").strip()
    return f"nbgrader could not make '{name}':\n{reason}"


def _files(folder: Path) -> dict[Path, Path]:
    """Return the files of a folder by their path inside it, without editors' leftovers."""
    found = (p for p in folder.rglob("*") if p.is_file())
    inside = ((p.relative_to(folder), p) for p in found)
    return {name: p for name, p in inside if not any(part[0] == "." for part in name.parts)}


def _differences(generated: Path, released: Path) -> list[Path]:
    new, old = _files(generated), _files(released)
    differing = [
        name
        for name in sorted(new.keys() | old.keys())
        if name not in new or name not in old or new[name].read_bytes() != old[name].read_bytes()
    ]
    return [released / name for name in differing]


def _replace_folder(generated: Path, target: Path) -> list[Path]:
    """Make `target` equal to `generated`, file by file; return what changed."""
    changed = _differences(generated, target)
    for path in changed:
        new = generated / path.relative_to(target)
        if new.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_name(path.name + ".part")
            shutil.copyfile(new, partial)
            os.replace(partial, path)
        else:
            path.unlink()
    return changed


def without_source() -> list[Path]:
    """Return the folders of `assignments/` that no source makes."""
    known = set(source.assignments())
    folders = (p for p in RELEASED.glob("*") if p.is_dir() and not p.name.startswith("."))
    return sorted(p for p in folders if p.name not in known)

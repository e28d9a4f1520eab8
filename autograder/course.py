"""What a class is graded with: the course's own master, checks, files and secret."""

from __future__ import annotations

import ast
import contextlib
import functools
import hashlib
import multiprocessing
import os
import secrets
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from autograder.collect import Submission
from autograder.engine import interrupts_held_back
from autograder.execute import Limits
from autograder.verify import Task

PACKAGE = Path(__file__).parent
DECIDING = ("verify", "inputs", "warm")  # checks import `inputs`, the sandbox runs `warm`


class CourseError(Exception):
    """A course that nobody can be graded with; the message is one sentence."""


@dataclass(frozen=True)
class Course:
    """What an assignment is graded with."""

    assignment: str
    master: str
    checks: str
    checks_file: str
    secret: bytes
    files: dict[str, bytes] = field(default_factory=dict)
    config_file: Path | None = None
    unavailable: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()


@dataclass(frozen=True)
class Terms:
    """How submissions are run: within which limits, in a sandbox or not, with a GPU or not."""

    limits: Limits = field(default_factory=Limits)
    sandbox: bool = True
    gpu: bool = False


def load_course(assignment: str, secret_file: Path | None = None) -> Course:
    """The course's own master, checks and files of an assignment.

    They are read in a process apart: checks import torch, which this one has no use for.
    """
    from autograder import source

    source.require(assignment)
    secret = course_secret(secret_file or source.ROOT / "course" / "secret")
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as apart:
        with interrupts_held_back():
            reading = apart.submit(read_assignment, assignment)
        parts = reading.result()
    if "error" in parts:
        raise CourseError(parts["error"])
    folder, rules = source.SOLUTIONS / assignment, source.settings(assignment)
    return Course(
        assignment,
        parts["master"],
        parts["checks"],
        parts["checks_file"],
        secret,
        {p.relative_to(folder).as_posix(): p.read_bytes() for p in source.fixtures(assignment)},
        source.CONFIG,
        rules["unavailable"],
        rules["forbidden"],
    )


def read_assignment(assignment: str) -> dict[str, str]:
    """The master and the checks of an assignment, or the mistake in them."""
    from autograder import source
    from autograder.check import CheckError, module_file

    try:
        master = nbformat.writes(source.master(assignment))
    except (source.SourceError, CheckError, FileNotFoundError) as error:
        return {"error": str(error)}
    path = module_file(assignment)
    return {"master": master, "checks": path.read_text("utf-8"), "checks_file": str(path)}


def course_secret(path: Path) -> bytes:
    """The secret that fresh inputs are drawn from; made at first use, for its owner's eyes only."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_hex(32) + "\n")
        text = path.read_bytes().strip()
    except OSError as error:
        reason = f"the secret {path} can be neither read nor made ({error.strerror})"
        raise CourseError(f"{reason}: name a file with --secret.") from None
    if len(text) < 16:
        raise CourseError(f"the secret in {path} is too short: remove the file to get a new one.")
    return text


def task_of(
    course: Course,
    submission: Submission,
    terms: Terms | None = None,
    stubs: dict[str, str] | None = None,
) -> Task:
    """The unit of work for one submission; its notebook is read now."""
    terms = terms or Terms()
    return Task(
        student=submission.student,
        assignment=course.assignment,
        master=course.master,
        checks=course.checks,
        checks_file=course.checks_file,
        data=submission.data,
        status=submission.status,
        timestamp=submission.timestamp,
        notes=submission.notes,
        secret=course.secret,
        files=course.files,
        limits=terms.limits.as_dict(),
        code=code_digest(),
        sandbox=terms.sandbox,
        gpu=terms.gpu,
        unavailable=course.unavailable,
        forbidden=course.forbidden,
        stubs=stubs or {},
    )


@functools.cache
def code_digest() -> str:
    """A hash of the modules on which verdicts depend: the grader's and those of the lab bench."""
    import featherweight

    bench = Path(featherweight.__file__).parent
    digest = hashlib.sha256()
    for path in [*deciding_modules(), *sorted(bench.rglob("*.py"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def deciding_modules() -> list[Path]:
    """The modules of this package that grading a submission uses, directly or not."""
    found: set[Path] = set()
    left = [PACKAGE / f"{name}.py" for name in DECIDING]
    while left:
        path = left.pop()
        if path not in found and path.is_file():
            found.add(path)
            left += [PACKAGE / f"{name}.py" for name in imported_here(path)]
    return sorted(found)


def imported_here(path: Path) -> set[str]:
    """The modules of this package that a module imports anywhere in its code."""
    package, names = PACKAGE.name, set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.module == package:
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{package}."):
            names.add(str(node.module).split(".")[1])
        elif isinstance(node, ast.Import):
            parts = (alias.name.split(".") for alias in node.names)
            names |= {part[1] for part in parts if part[0] == package and len(part) > 1}
    return names

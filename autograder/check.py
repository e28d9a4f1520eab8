"""Checks: how one is written, how the checks of an assignment are found, and how one is run."""

from __future__ import annotations

import functools
import hashlib
import hmac
import linecache
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from autograder.isolation import TimeLimit, seed_everything, undisturbed
from autograder.rebuild import printable
from autograder.student import Student, StudentError
from featherweight.expect import close

__all__ = [
    "Check",
    "Result",
    "check",
    "close",
    "defined_here",
    "of_type",
    "part",
    "refuses",
    "registry",
    "run_check",
    "unmodified",
]

CHECKS = Path(__file__).parent / "checks"
CHECK_SECONDS = 60.0
MAX_MESSAGE = 2000


@dataclass(frozen=True)
class Check:
    """One graded question: its id, its points, the solution cell it grades, the function."""

    id: str
    points: float
    cell: str
    function: Callable[[Student, torch.Generator], Any]


@dataclass(frozen=True)
class Result:
    """The verdict of one check: `message` is for the student, `detail` for the instructor.

    Of a check that crashed, `if_sound` holds what changes if it runs through on the reference with
    the same inputs: then it was the answer that it could not read, and the answer loses.
    """

    check: str
    cell: str
    score: float
    max_score: float
    status: str = "graded"
    message: str = ""
    detail: str = ""
    if_sound: dict = field(default_factory=dict)

    def as_dict(self) -> dict:
        return asdict(self)


@dataclass
class Ledger:
    """The points that a running check has given and lost by its parts."""

    student: Student
    declared: float = 0.0
    earned: float = 0.0
    status: str = "graded"
    failures: list[tuple[str, str]] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)

    def message(self) -> str:
        """One line for each failed part; parts that failed alike share one."""
        by_reason: dict[str, list[str]] = {}
        for what, reason in self.failures:
            by_reason.setdefault(reason, []).append(what)
        return "\n".join(f"{'; '.join(whats)}: {why}" for why, whats in by_reason.items())


class CheckError(Exception):
    """A check that is written wrongly."""


_LEDGER: ContextVar[Ledger | None] = ContextVar("ledger", default=None)


def check(id: str, *, points: float, cell: str | None = None) -> Callable[[Callable], Check]:
    """Make a check of a function `(student, rng)`; it passes when the function returns."""
    if not points > 0:
        raise CheckError(f"check {id!r} needs points greater than 0, not {points!r}")
    return lambda function: Check(id, float(points), cell or id, function)


@contextmanager
def part(points: float, what: str) -> Iterator[None]:
    """A part of a check: if it fails, only its points are lost. Parts add up to the check's."""
    ledger = _LEDGER.get()
    if ledger is None:
        raise CheckError("part() stands inside a check")
    ledger.declared += points
    try:
        yield
    except (AssertionError, StudentError) as error:
        ledger.failures.append((what, said(error)))
        ledger.status = getattr(error, "status", ledger.status)
    except Exception:
        ledger.failures.append((what, unreadable(ledger.student)))
        ledger.crashes.append(traced())
    else:
        ledger.earned += points


def unmodified(student: Student, hint: str = "leave what you are given as it is") -> None:
    """Fail if the last call changed one of its arguments."""
    if changed := student.modified():
        raise AssertionError(f"The call changed {' and '.join(changed)}. Hint: {hint}")


def of_type(got: Any, kind: Any, what: str) -> Any:
    """The student's answer; fail unless it is of a plain type, or of one of several."""
    named = getattr(kind, "__name__", str(kind).replace(" | ", " or "))
    assert isinstance(got, kind), f"{what} must be a {named}, not {type(got).__name__}."
    return got


def refuses(student: Student, reason: str, *args: Any) -> None:
    """Fail unless a call raises ValueError."""
    try:
        student.call(*args)
    except StudentError as error:
        if "ValueError" not in str(error):
            raise
    else:
        raise AssertionError(f"{reason}: this must raise ValueError.")


def defined_here(source: str) -> dict[str, Any]:
    """What the check's own code defines, run here: a reference that shares code with `define`."""
    scope: dict[str, Any] = {}
    exec(compile(source, "<the check's own code>", "exec"), scope)
    return scope


def said(error: BaseException) -> str:
    """What an assertion says, short enough to be read and safe to be written to any file."""
    text = clean(str(error)).strip()
    return text or "the answer is not the expected one."


def unreadable(student: Student) -> str:
    """What a student reads when a sound check stumbles over their answer."""
    got = f": {student.last}" if student.last else ""
    return clean(f"The answer is not of the kind that this question asks for{got}.")


def traced() -> str:
    """The traceback of the exception that is being handled, for the instructor."""
    return clean(traceback.format_exc(limit=-8)[-10 * MAX_MESSAGE :], 10 * MAX_MESSAGE)


def clean(text: str, size: int = MAX_MESSAGE) -> str:
    """The text without lone surrogates and control characters, cut where it gets too long."""
    kept = "".join(
        c if c >= " " or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text[:size]
    )
    return printable(kept) + (" ..." if len(text) > size else "")


def module_file(assignment: str, folder: Path | None = None) -> Path:
    """Where the checks of an assignment stand."""
    return (folder or CHECKS) / f"{assignment.replace('-', '_')}.py"


def registry(assignment: str, folder: Path | None = None) -> dict[str, Check]:
    """The checks of an assignment by id, in the order of their file."""
    path = module_file(assignment, folder)
    if not path.is_file():
        raise FileNotFoundError(f"{assignment!r} has no checks: write them in {path}.")
    return checks_of(path.read_text(encoding="utf-8"), str(path))


@functools.lru_cache(maxsize=8)
def checks_of(source: str, filename: str) -> dict[str, Check]:
    """The checks that a module's source defines (a grading worker gets the source, no file)."""
    module = ModuleType(f"autograder.checks.{Path(filename).stem}")
    module.__file__ = filename
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    exec(compile(source, filename, "exec"), module.__dict__)
    found: dict[str, Check] = {}
    for value in vars(module).values():
        if isinstance(value, Check):
            if value.id in found and found[value.id] is not value:
                raise CheckError(f"{filename} has two checks called {value.id!r}")
            found[value.id] = value
    return found


def key_of(secret: bytes, assignment: str, check_id: str) -> int:
    """The seed of one check: the same in every run of a course, unknown outside it."""
    message = f"{assignment}\0{check_id}".encode()
    digest = hmac.new(secret, message, hashlib.sha256).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def run_check(
    check: Check,
    student: Student,
    secret: bytes,
    assignment: str,
    seconds: float | None = None,
) -> Result:
    """Run one check against a student's code; it never raises, whatever the two do.

    `seconds` is the time that the check itself may take besides the student's calls, by default
    `CHECK_SECONDS`.
    """
    ledger = Ledger(student)
    token = _LEDGER.set(ledger)
    try:
        perform(check, student, key_of(secret, assignment, check.id), seconds or CHECK_SECONDS)
        score, status, message = settled(check, ledger)
    except (AssertionError, StudentError) as error:
        score, status, message = 0.0, getattr(error, "status", "graded"), said(error)
    except BaseException:
        ledger.crashes.append(traced())
        score, status, message = 0.0, "graded", unreadable(student)
    finally:
        _LEDGER.reset(token)
    head = (check.id, check.cell)
    if not ledger.crashes:
        return Result(*head, score, check.points, status, message)
    if_sound = {"score": score, "status": status, "message": message}
    detail = "\n".join(ledger.crashes)
    return Result(*head, 0.0, check.points, "check-crashed", CRASHED, detail, if_sound)


def perform(check: Check, student: Student, seed: int, seconds: float) -> None:
    """Call a check's function; nothing that it sets in this process outlives it."""
    try:
        with undisturbed(), TimeLimit(seconds) as limit:
            student.outside = limit.paused
            seed_everything(seed)
            student.begin(seed)
            check.function(student, torch.Generator().manual_seed(seed))
    finally:
        student.outside = nullcontext


CRASHED = "The check itself failed to run; your instructor has been told. It does not count."


def settled(check: Check, ledger: Ledger) -> tuple[float, str, str]:
    """Score, status and message of a check that ran to its end."""
    if not ledger.declared:
        return check.points, "graded", ""
    if abs(ledger.declared - check.points) > 1e-9:
        raise CheckError(f"the parts of {check.id!r} add up to {ledger.declared:g} points")
    return min(ledger.earned, check.points), ledger.status, ledger.message()

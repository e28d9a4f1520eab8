"""Checks: how one is written, how the checks of an assignment are found, and how one is run."""

from __future__ import annotations

import functools
import hashlib
import hmac
import linecache
import random
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch

from autograder.student import Student, StudentError
from featherweight.expect import close

__all__ = ["Check", "Result", "check", "close", "part", "registry", "run_check"]

CHECKS = Path(__file__).parent / "checks"


@dataclass(frozen=True)
class Check:
    """One graded question: its id, its points, the solution cell it grades, the function."""

    id: str
    points: float
    cell: str
    function: Callable[[Student, torch.Generator], Any]


@dataclass(frozen=True)
class Result:
    """The verdict of one check: `message` is for the student, `detail` for the instructor."""

    check: str
    cell: str
    score: float
    max_score: float
    status: str = "graded"
    message: str = ""
    detail: str = ""

    def as_dict(self) -> dict:
        return asdict(self)


@dataclass
class Ledger:
    """The points that a running check has given and lost by its parts."""

    declared: float = 0.0
    earned: float = 0.0
    status: str = "graded"
    failures: list[tuple[str, str]] = field(default_factory=list)

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
    else:
        ledger.earned += points


def said(error: Exception) -> str:
    return str(error).strip() or "the answer is not the expected one."


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


def seed_here(seed: int) -> torch.Generator:
    """Seed this process's generators and return the check's own."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
    return torch.Generator().manual_seed(seed)


def run_check(check: Check, student: Student, secret: bytes, assignment: str) -> Result:
    """Run one check against a student's code; it never raises for what the code does."""
    seed = key_of(secret, assignment, check.id)
    ledger = Ledger()
    token = _LEDGER.set(ledger)
    verdict = functools.partial(Result, check.id, check.cell)
    try:
        rng = seed_here(seed)
        student.begin(seed)
        check.function(student, rng)
        return verdict(*settled(check, ledger))
    except (AssertionError, StudentError) as error:
        return verdict(0.0, check.points, getattr(error, "status", "graded"), said(error))
    except Exception:
        detail = traceback.format_exc(limit=-8)
        return verdict(0.0, check.points, "check-crashed", CRASHED, detail)
    finally:
        _LEDGER.reset(token)


CRASHED = "The check itself failed to run; your instructor has been told. It does not count."


def settled(check: Check, ledger: Ledger) -> tuple[float, float, str, str]:
    """Score, maximum, status and message of a check that ran to its end."""
    if not ledger.declared:
        return check.points, check.points, "graded", ""
    if abs(ledger.declared - check.points) > 1e-9:
        raise CheckError(f"the parts of {check.id!r} add up to {ledger.declared:g} points")
    score = min(ledger.earned, check.points)
    return score, check.points, ledger.status, ledger.message()

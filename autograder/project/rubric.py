"""The rubric: what is judged of a project, by whom, for how many points, and how."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from autograder.project.bibliography import Bibliography
from autograder.project.document import Document, Problem
from autograder.project.printed import ResultsTable
from autograder.project.results import Results
from autograder.project.sources import Place
from autograder.project.typesetting import Typeset

FILE = Path(__file__).with_name("rubric.yml")
MODULES = ("form", "citing", "floats", "writing", "evidence", "consistency")
FULL, PART, NONE, OPEN = "full", "part", "none", "not-assessed"
MOST_LINES = 20
"""Lines of evidence that a page shows of one criterion."""


class RubricError(ValueError):
    """A rubric that cannot be used; the message says where and why."""


@dataclass(frozen=True)
class Level:
    """A level of a criterion: the points it gives, and what reaches it."""

    points: float
    means: str


@dataclass(frozen=True)
class Criterion:
    """One line of the rubric."""

    name: str
    title: str
    points: float
    automatic: bool
    evidence: str
    levels: tuple[Level, ...]
    each: float = 1.0
    settings: Mapping[str, Any] = field(default_factory=dict)
    content: bool = True
    public: bool = True


@dataclass(frozen=True)
class Rubric:
    """All lines of the rubric, in their order."""

    assignment: str
    title: str
    criteria: tuple[Criterion, ...]
    text: str = ""

    def automatic(self) -> list[Criterion]:
        return [one for one in self.criteria if one.automatic]

    def manual(self) -> list[Criterion]:
        return [one for one in self.criteria if not one.automatic]


@functools.cache
def read_rubric(path: Path = FILE) -> Rubric:
    """The rubric in a file; raises `RubricError` with what is wrong in it."""
    text = path.read_text(encoding="utf-8")
    try:
        data = yaml.safe_load(text)
        criteria = tuple(criterion(entry) for entry in data["criteria"])
        rubric = Rubric(data["assignment"], data["title"], criteria, text)
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise RubricError(f"{path}: {error}") from None
    names = [one.name for one in criteria]
    if len(set(names)) < len(names):
        raise RubricError(f"{path}: a criterion's name stands there twice.")
    known = judges()
    if unknown := [one.name for one in rubric.automatic() if one.name not in known]:
        raise RubricError(f"{path}: nothing judges '{unknown[0]}': make it manual.")
    return rubric


def criterion(entry: dict) -> Criterion:
    if entry["how"] not in ("automatic", "manual"):
        raise ValueError(f"'{entry['name']}' is neither automatic nor manual")
    levels = tuple(Level(float(one["points"]), one["means"]) for one in entry["levels"])
    if max(level.points for level in levels) != float(entry["points"]):
        raise ValueError(f"the highest level of '{entry['name']}' does not give its points")
    return Criterion(
        entry["name"],
        entry["title"],
        float(entry["points"]),
        entry["how"] == "automatic",
        entry["evidence"],
        levels,
        float(entry.get("each", 1)),
        entry.get("settings", {}),
        entry.get("content", True),
        entry.get("public", True),
    )


# ------------------------------------------------------------------ judging


@dataclass
class Template:
    """What the template says itself, so that what is left of it is not taken for the student's."""

    sentences: frozenset[str] = frozenset()
    captions: frozenset[str] = frozenset()
    entries: frozenset[str] = frozenset()
    results: str = ""


@dataclass
class Report:
    """Everything that a criterion may look at."""

    files: dict[str, bytes]
    document: Document
    bibliography: Bibliography
    results: Results
    tables: list[ResultsTable]
    typeset: Typeset
    template: Template
    problems: list[Problem] = field(default_factory=list)


class Marks:
    """The points of one criterion as they are lost, and the evidence line by line."""

    def __init__(self, criterion: Criterion):
        self.criterion = criterion
        self.lost = 0.0
        self.faults: list[str] = []
        self.notes: list[str] = []
        self.open = ""

    def __getitem__(self, name: str) -> Any:
        """A setting of the criterion in the rubric."""
        return self.criterion.settings[name]

    def fault(self, text: str, place: Place | None = None, points: float | None = None) -> None:
        """Something that costs points: as many as the rubric says of each, unless named."""
        line = f"{place}: {text}" if place else text
        if line not in self.faults:
            self.faults.append(line)
            self.lost += self.criterion.each if points is None else points

    def nothing(self, text: str, place: Place | None = None) -> None:
        """Something without which there is nothing to give points for."""
        self.fault(text, place, self.criterion.points)

    def note(self, text: str, place: Place | None = None) -> None:
        """Something that a person should see; it costs nothing."""
        self.notes.append(f"{place}: {text}" if place else text)

    def not_assessed(self, reason: str) -> None:
        self.open = reason

    @property
    def score(self) -> float:
        return max(0.0, round(self.criterion.points - self.lost, 2))

    def row(self) -> dict:
        """The verdict in the form of a check's."""
        status = "graded"
        lines = limited(self.faults) + [f"To look at: {one}" for one in limited(self.notes)]
        score = self.score
        if self.open and not self.faults:
            status, score, lines = OPEN, 0.0, [self.open, *lines]
        row = {"check": self.criterion.name, "cell": self.criterion.name, "score": score}
        row |= {"max_score": self.criterion.points, "status": status}
        return row | {"message": "\n".join(lines), "detail": ""}


def limited(lines: list[str]) -> list[str]:
    left = len(lines) - MOST_LINES
    return [*lines[:MOST_LINES], f"and {left} more of this kind"] if left > 0 else lines


Judge = Callable[[Report, Marks], None]
_judges: dict[str, Judge] = {}


def judges_criterion(name: str) -> Callable[[Judge], Judge]:
    """Say that a function judges the criterion of this name."""

    def register(judge: Judge) -> Judge:
        _judges[name] = judge
        return judge

    return register


def judges() -> dict[str, Judge]:
    """The functions that judge, by the criterion's name."""
    for name in MODULES:
        importlib.import_module(f"autograder.project.criteria.{name}")
    return _judges

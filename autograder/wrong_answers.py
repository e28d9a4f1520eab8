"""The commonest wrong answers: alike in what the check said, then alike in their code."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from autograder.similarity import units
from autograder.verify import CAUSES

NUMBERS = re.compile(
    r"[-+]?(?:\d+(?:,\d{3})*(?:\.\d+)?|\.\d+)(?:e[-+]?\d+)?|\b(?:nan|inf)\b", re.IGNORECASE
)
LISTS = re.compile(r"#(?:[\s,;\[\]()]+#)+")
LONGEST = 1500
MOST_MESSAGES, MOST_ANSWERS = 4, 3


@dataclass
class Answer:
    """Answers whose code is the same but for names, numbers, comments and layout."""

    example: str
    students: list[str] = field(default_factory=list)


@dataclass
class Cluster:
    """Students to whom a check said the same but for the numbers."""

    message: str
    status: str
    students: list[str] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)

    def commonest(self) -> list[Answer]:
        found = sorted(self.answers.values(), key=lambda a: (-len(a.students), a.students))
        return found[:MOST_ANSWERS]


class WrongAnswers:
    """The wrong answers of a class, added one student at a time."""

    def __init__(self) -> None:
        self.checks: dict[str, dict[str, Cluster]] = {}
        self.unanswered: Counter[str] = Counter()

    def add(self, graded: dict, answers: Mapping[str, str]) -> None:
        """Sort a student's lost points to those of others; `answers` holds the sources by cell."""
        if graded["status"] != "graded":
            return
        for row in graded["checks"]:
            if row["status"] == "unanswered":
                self.unanswered[row["check"]] += 1
            elif row["score"] < row["max_score"] and row["status"] != "check-crashed":
                self._sort(graded["student"], row, answers.get(row["cell"], ""))

    def _sort(self, student: str, row: dict, source: str) -> None:
        clusters = self.checks.setdefault(row["check"], {})
        message = without_cause(row["message"], row["status"])
        key = f"{row['status']} {normalized(message)}"
        cluster = clusters.setdefault(key, Cluster(message, row["status"]))
        cluster.students.append(student)
        answer = cluster.answers.setdefault(code_key(source), Answer(shortened(source)))
        answer.students.append(student)

    def commonest(self, check: str) -> list[Cluster]:
        """The largest clusters of a check, those of one student left out unless nothing is left."""
        found = sorted(
            self.checks.get(check, {}).values(), key=lambda c: (-len(c.students), c.students)
        )
        several = [cluster for cluster in found if len(cluster.students) > 1]
        return (several or found)[:MOST_MESSAGES]

    def left_out(self, check: str) -> int:
        """The students whose wrong answer is in none of the clusters shown."""
        everyone = sum(len(cluster.students) for cluster in self.checks.get(check, {}).values())
        return everyone - sum(len(cluster.students) for cluster in self.commonest(check))


def without_cause(message: str, status: str) -> str:
    return message.removeprefix(CAUSES.get(status, "")).strip()


def normalized(message: str) -> str:
    """A message without its numbers, and in small letters."""
    return LISTS.sub("#", NUMBERS.sub("#", message)).casefold()[:500]


def code_key(source: str) -> str:
    """The same for answers whose code differs in names, numbers, comments and layout only."""
    texts = ["\0".join(token.text for token in unit) for unit in units(source)]
    return hashlib.sha256("\1".join(texts).encode()).hexdigest()


def shortened(source: str) -> str:
    return source if len(source) <= LONGEST else f"{source[:LONGEST]}\n[the rest is left out]"

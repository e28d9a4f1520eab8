"""How hard each check is, and whether it tells strong work from weak work."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from autograder.verify import UNCOUNTED

FEWEST = 10
"""Students below whom a correlation says nothing."""


@dataclass(frozen=True)
class Item:
    """One check: the mean share of its points, and its corrected item-total correlation.

    The correlation is Pearson's, between the share that a student has of this check's points and
    the share of the points of all other checks. None if fewer than `FEWEST` students have both,
    or if either is the same for all.
    """

    check: str
    mean: float | None
    discrimination: float | None
    reason: str = ""


def analyze(check: str, graded: Iterable[dict]) -> Item:
    """The figures of one check over submissions that ran; a crash on a student leaves them out."""
    pairs = [pair for one in graded if (pair := item_and_rest(check, one)) is not None]
    shares = [share for share, _ in pairs]
    mean = statistics.fmean(shares) if shares else None
    both = [(share, rest) for share, rest in pairs if rest is not None]
    if len(both) < FEWEST:
        return Item(check, mean, None, f"fewer than {FEWEST} students")
    if constant(share for share, _ in both):
        return Item(check, mean, None, "the same share for all")
    if constant(rest for _, rest in both):
        return Item(check, mean, None, "the other checks do not differ")
    return Item(check, mean, statistics.correlation(*zip(*both, strict=True)))


def item_and_rest(check: str, graded: dict) -> tuple[float, float | None] | None:
    """A student's share of a check's points and of all others', None if the check doesn't count."""
    counted = [row for row in graded["checks"] if row["status"] not in UNCOUNTED]
    item = next((row for row in counted if row["check"] == check), None)
    if item is None or not item["max_score"]:
        return None
    others = [row for row in counted if row is not item]
    possible = sum(row["max_score"] for row in others)
    rest = sum(row["score"] for row in others) / possible if possible else None
    return item["score"] / item["max_score"], rest


def constant(values: Iterable[float]) -> bool:
    seen = list(values)
    return max(seen) - min(seen) < 1e-9

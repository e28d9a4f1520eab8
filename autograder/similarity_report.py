"""Pairs of students whose code is alike: a page with the fragments side by side, and a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from markupsafe import Markup, escape

from autograder.gradesheets import number, sheet
from autograder.pages import UNSEEN, percent, render
from autograder.similarity import (
    COMMON_SHARE,
    ENOUGH,
    GRAM,
    WINDOW,
    Comparison,
    Given,
    Pair,
    linked,
)

LEAST = 0.4
"""The likeness from which a pair is listed."""
GROUP = 0.8
"""The likeness in all that makes a group of pairs."""
MOST_PAIRS, MOST_SHOWN = 200, 40
COLUMNS = ("student", "other", "score", "shared", "likest answer", "score of that answer")
Answers = Mapping[str, str]


def similarity_csv(pairs: Iterable[Pair]) -> str:
    """Every listed pair, the likest first."""
    rows = [
        (p.first, p.second, number(p.score), str(p.shared), p.highest[1], number(p.highest[0]))
        for p in pairs
    ]
    return sheet([COLUMNS, *rows])


def similarity_page(
    assignment: str, comparison: Comparison, pairs: list[Pair], answers: Callable[[str], Answers]
) -> str:
    """The ranking, and for the likest pairs their code; `answers` gives a student's sources."""
    groups, kept = linked(pairs, GROUP)
    rows = with_code(kept[:MOST_SHOWN], comparison, answers)
    return render(
        "similarity.html",
        style=("similarity.css",),
        assignment=assignment,
        students=len(comparison.prints),
        count=len(pairs),
        groups=groups,
        group_least=percent(GROUP),
        pairs=[*rows, *map(pair_row, kept[MOST_SHOWN:MOST_PAIRS])],
        least=percent(LEAST),
        gram=GRAM,
        found=GRAM + WINDOW - 1,
        enough=ENOUGH,
        most=comparison.most(),
        common_share=percent(COMMON_SHARE),
        too_short=comparison.too_short(),
    )


def with_code(
    pairs: list[Pair], comparison: Comparison, answers: Callable[[str], Answers]
) -> list[dict]:
    common = comparison.common()
    return [pair_row(p) | {"cells": cells(p, comparison.given, common, answers)} for p in pairs]


def pair_row(pair: Pair) -> dict:
    score, name = pair.highest
    return {
        "first": pair.first,
        "second": pair.second,
        "score": percent(pair.score),
        "shared": pair.shared,
        "answer": name,
        "answer_score": percent(score) if name else "–",
        "cells": [],
    }


def cells(
    pair: Pair, given: Given, common: set[int], answers: Callable[[str], Answers]
) -> list[dict]:
    """The answers of a pair that hold shared code, with that code marked."""
    both = [answers(pair.first), answers(pair.second)]
    prints = [{name: given.all_grams(text) for name, text in one.items()} for one in both]
    values = [{p.value for found in one.values() for p in found} for one in prints]
    shared = (values[0] & values[1]) - common
    found = []
    for name in dict.fromkeys([*both[0], *both[1]]):
        spans = [
            merged((p.start, p.end) for p in one.get(name, ()) if p.value in shared)
            for one in prints
        ]
        if any(spans):
            sides = [marked(one.get(name, ""), s) for one, s in zip(both, spans, strict=True)]
            likeness = pair.answers.get(name)
            score = percent(likeness) if likeness else ""
            found.append({"name": name, "first": sides[0], "second": sides[1], "score": score})
    return found


def merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Overlapping spans as one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def marked(source: str, spans: list[tuple[int, int]], longest: int = 8000) -> Markup:
    """A source as HTML in which the spans are marked."""
    pieces, at = [], 0
    for start, end in spans:
        pieces += [
            shown(source[at:start]),
            Markup("<mark>{}</mark>").format(shown(source[start:end])),
        ]
        at = end
        if at > longest:
            return Markup("").join([*pieces, escape("\n[the rest is left out]")])
    return Markup("").join([*pieces, shown(source[at : max(at, longest)])])


def shown(text: str) -> Markup:
    return escape(UNSEEN.sub("", text))

"""One page about the whole class: scores, checks, causes, wrong answers, what needs a person."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from autograder.charts import score_histogram, strip, time_histogram
from autograder.feedback import REFUSED, band
from autograder.gradesheets import waiting
from autograder.hand_grades import HandGrades
from autograder.item_analysis import FEWEST, analyze
from autograder.pages import counted, percent, render, words
from autograder.verify import CAUSES, GIVEN_FAILED, LOOK, NOT_ASSESSED, total
from autograder.wrong_answers import WrongAnswers

CAUSE_NAMES = {
    "graded": "an answer that is not right",
    "unanswered": "no answer",
    "cell-error": "an answer's cell with an error",
    "missing-cell": "a missing cell",
    "timeout": "too slow",
    "kernel-died": "ended its own process",
    "memory": "too much memory",
    "processes": "too many processes or threads",
    "disk": "too much written to disk",
    "unreadable-notebook": "an unreadable notebook",
    "no-notebook": "no notebook",
    "wrong-assignment": "another assignment's notebook",
    "check-crashed": "a check that crashed (not counted)",
    NOT_ASSESSED: "not assessed on this machine (not counted)",
}
WAITS = "with an answer to grade by hand; until then canvas.csv and moodle.csv hold no grade of it"
MOST_NAMES = 60
"""Students whose names a list shows; `grades.csv` has all."""


@dataclass
class Background:
    """What is known of a class beyond its verdicts."""

    hand: Mapping[str, HandGrades] = field(default_factory=dict)
    late: set[str] = field(default_factory=set)
    wrong: WrongAnswers = field(default_factory=WrongAnswers)
    similar: int | None = None
    """Pairs of students in the similarity report, None if there is none."""
    noun: str = "notebook"
    """What a student hands in."""


def class_report(
    assignment: str, results: Mapping[str, dict], background: Background | None = None
) -> str:
    """The report as one file that needs no other."""
    known = background or Background()
    graded = [as_decided(one, known) for one in results.values()]
    ran = [one for one in graded if one["status"] not in REFUSED]
    maxima = {row["check"]: row["max_score"] for one in graded for row in one["checks"]}
    return render(
        "report.html",
        style=("report.css",),
        script="sort.js",
        assignment=assignment,
        unsandboxed=sum(not one["sandbox"] for one in ran),
        attention=attention(graded, known),
        similar=known.similar,
        students=[student_row(one, list(maxima)) for one in graded],
        names_of_checks=list(maxima),
        points=sum(maxima.values()),
        checks=[check_row(name, ran) for name in maxima],
        fewest=FEWEST,
        causes=causes(graded),
        wrong=wrong_answers(list(maxima), known.wrong),
        most_names=MOST_NAMES,
        noun=known.noun,
        **distributions(graded, ran, known),
    )


def as_decided(graded: dict, known: Background) -> dict:
    """A verdict with the scores that people gave its checks by hand."""
    entered = known.hand.get(graded["student"], HandGrades())
    return graded | {"checks": [entered.applied(row) for row in graded["checks"]]}


def distributions(graded: list[dict], ran: list[dict], known: Background) -> dict:
    """The numbers that stand first, and the plots of scores and times."""
    shares = [s / m for s, m in (total(one["checks"]) for one in graded) if m]
    times = [one["seconds"] for one in ran if one["seconds"]]
    return {
        "figures": figures(graded, ran, shares, times, known) if graded else [],
        "scores": score_histogram(shares),
        "times": time_histogram(times) if times else "",
        "excluded": len(graded) - len(shares),
    }


def figures(
    graded: list[dict], ran: list[dict], shares: list[float], times: list[float], known: Background
) -> list[dict]:
    """The numbers that stand first; `warn` marks those that ask for something."""
    refused = len(graded) - len(ran)
    by_hand = sum(bool(waits_of(one, known)) for one in graded)
    found = [
        (str(len(graded)), "submission" if len(graded) == 1 else "submissions", False),
        (percent(statistics.median(shares)) if shares else "–", "median score", False),
        (str(sum(share >= 1 for share in shares)), "with full marks", False),
        (str(refused), f"without a readable {known.noun}", bool(refused)),
    ]
    if by_hand:
        verb = "waits" if by_hand == 1 else "wait"
        found.append((str(by_hand), f"{verb} to be graded by hand", True))
    found.append((f"{statistics.median(times):.1f} s" if times else "–", "median time each", False))
    return [{"value": value, "name": name, "warn": warn} for value, name, warn in found]


def waits_of(graded: dict, known: Background) -> list[str]:
    if "written" not in graded:
        return []
    return waiting(graded, known.hand.get(graded["student"], HandGrades()))


def student_row(graded: dict, names: list[str]) -> dict:
    rows = {row["check"]: row for row in graded["checks"]}
    score, max_score = total(graded["checks"])
    cells = [rows[name] | {"band": band(rows[name])} if name in rows else None for name in names]
    return {"name": graded["student"], "score": score, "max_score": max_score, "cells": cells}


# ------------------------------------------------------------------ what needs a person


def attention(graded: list[dict], known: Background) -> list[dict]:
    """What an instructor should look at, the most urgent first."""
    groups = [
        group("check", "crashed and count for nobody they crashed on", crashes(graded), True),
        group("line", "that could not be assessed here and waits for a score", unassessed(graded)),
        group("given cell", "failed, which no answer should cause", given_failures(graded), True),
        group("submission", "could not be graded, which gives no points", refusals(graded), True),
        group("submission", WAITS, waits(graded, known)),
        group("submission", "with forbidden library routines or modules", flagged(graded)),
        group("submission", "with something to look at", flagged(graded, {LOOK})),
        group("submission", "handed in late", late(graded, known)),
        group("submission", "odd, but graded", oddities(graded)),
    ]
    return [found for found in groups if found["items"]]


def group(noun: str, what: str, items: list[dict], urgent: bool = False) -> dict:
    title = f"{counted(len(items), noun)} {what}"
    return {"title": title, "items": items, "urgent": urgent, "open": urgent and len(items) <= 5}


def crashes(graded: list[dict]) -> list[dict]:
    found: dict[str, dict] = {}
    for one in graded:
        for row in one["checks"]:
            if row["status"] == "check-crashed":
                entry = found.setdefault(row["check"], {"students": [], "detail": row["detail"]})
                entry["students"].append(one["student"])
    return [
        {"name": words(name), "lines": [f"On {named(entry['students'])}."]}
        | {"detail": entry["detail"][:4000]}
        for name, entry in found.items()
    ]


def unassessed(graded: list[dict]) -> list[dict]:
    """The checks that nobody could decide here, with the reason, by check."""
    found: dict[str, dict[str, list[str]]] = {}
    for one in graded:
        for row in one["checks"]:
            if row["status"] == NOT_ASSESSED:
                reason = row["message"].partition("\n")[0]
                found.setdefault(row["check"], {}).setdefault(reason, []).append(one["student"])
    return [
        {"name": words(name), "detail": ""}
        | {"lines": [f"{reason} (for {named(who)})" for reason, who in list(by.items())[:10]]}
        for name, by in found.items()
    ]


def given_failures(graded: list[dict]) -> list[dict]:
    found: dict[str, dict[str, list[str]]] = {}
    for one in graded:
        for flag in one.get("flags", []):
            if flag["kind"] == GIVEN_FAILED:
                by_error = found.setdefault(flag["cell"], {})
                by_error.setdefault(flag["what"], []).append(one["student"])
    return [
        {"name": cell, "detail": ""}
        | {"lines": [f"{what} (for {named(who)})" for what, who in list(by_error.items())[:10]]}
        for cell, by_error in found.items()
    ]


def named(students: list[str]) -> str:
    """A list of students that stays readable in a class of a thousand."""
    shown = ", ".join(students[:MOST_NAMES])
    return shown + (f" and {len(students) - MOST_NAMES:,} more" if students[MOST_NAMES:] else "")


def refusals(graded: list[dict]) -> list[dict]:
    refused = [one for one in graded if one["status"] in REFUSED]
    return [about(one, [CAUSES[one["status"]].rstrip("."), *one["notes"]]) for one in refused]


def waits(graded: list[dict], known: Background) -> list[dict]:
    found = ((one, waits_of(one, known)) for one in graded)
    return [about(one, [", ".join(map(words, names))]) for one, names in found if names]


def flagged(graded: list[dict], kinds: Container[str] | None = None) -> list[dict]:
    """The flags of some kinds; by default of all that have no group of their own."""

    def counts(kind: str) -> bool:
        return kind in kinds if kinds is not None else kind not in (GIVEN_FAILED, LOOK)

    found = [
        (one, [flag for flag in one.get("flags", []) if counts(flag["kind"])]) for one in graded
    ]
    return [
        about(one, [f"{flag['what']} (in {flag['cell']})" for flag in flags])
        for one, flags in found
        if flags
    ]


def late(graded: list[dict], known: Background) -> list[dict]:
    found = []
    for one in graded:
        penalty = known.hand.get(one["student"], HandGrades()).penalty
        if penalty or one["student"] in known.late:
            lines = [f"handed in {one['timestamp'].partition('.')[0]} UTC"] * bool(one["timestamp"])
            found.append(about(one, [*lines, f"late penalty: {penalty:g} points"]))
    return found


def oddities(graded: list[dict]) -> list[dict]:
    odd = (one for one in graded if one["notes"] and one["status"] not in REFUSED)
    return [about(one, one["notes"]) for one in odd]


def about(graded: dict, lines: list[str]) -> dict:
    said = [f"{as_sentence(line)}." for line in lines[:10] if line]
    return {"name": graded["student"], "lines": [line[:500] for line in said], "detail": ""}


def as_sentence(line: str) -> str:
    """The line with a capital letter, unless it begins with a name of code or of a file."""
    return f"{line[:1].upper()}{line[1:]}" if line.split()[0].isalpha() else line


# ------------------------------------------------------------------ checks and causes


def check_row(name: str, ran: list[dict]) -> dict:
    """One check: full, partial and no marks of those that ran, mean share, discrimination."""
    rows = [row for one in ran for row in one["checks"] if row["check"] == name]
    counts = Counter(band(row) for row in rows)
    counting = sum(counts[kind] for kind in ("full", "part", "none"))
    item = analyze(name, ran)
    label = f"{counts['full']} with full marks, {counts['part']} with part, {counts['none']} none"
    parts = [(kind, counts[kind] / max(1, counting)) for kind in ("full", "part", "none")]
    tells = item.discrimination
    return {
        "name": words(name),
        "bar": strip(parts if counting else [], label if counting else "no score counts"),
        "mean": "–" if item.mean is None else percent(item.mean),
        "discrimination": "n/a" if tells is None else f"{tells:.2f}".replace("-", "−"),
        "reason": item.reason,
        "suspect": tells is not None and tells < 0,
    }


def causes(graded: list[dict]) -> list[dict]:
    """For each cause, how many checks lost points by it, of how many students."""
    checks: Counter[str] = Counter()
    students: dict[str, set[str]] = {}
    for one in graded:
        for row in one["checks"]:
            if band(row) != "full":
                checks[row["status"]] += 1
                students.setdefault(row["status"], set()).add(one["student"])
    top = max(checks.values(), default=1)
    return [
        cause_bar(status, count, len(students[status]), count / top)
        for status, count in checks.most_common()
    ]


def cause_bar(status: str, checks: int, students: int, share: float) -> dict:
    label = f"{counted(checks, 'check')}, {counted(students, 'student')}"
    bar = strip([("full", share)], label)
    return {"name": CAUSE_NAMES.get(status, words(status)), "svg": bar, "label": label}


def wrong_answers(names: list[str], wrong: WrongAnswers) -> list[dict]:
    """The commonest wrong answers of each check, those with the most students first."""
    found = []
    for name in names:
        clusters = wrong.commonest(name)
        if clusters:
            count = sum(len(cluster.students) for cluster in clusters) + wrong.left_out(name)
            entry = {"name": words(name), "clusters": clusters, "count": count}
            rest = {"left_out": wrong.left_out(name), "unanswered": wrong.unanswered[name]}
            found.append(entry | rest)
    return sorted(found, key=lambda entry: -entry["count"])

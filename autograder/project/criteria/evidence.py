"""Claims against evidence: the numbers of the tables in the results file, baseline, seeds."""

from __future__ import annotations

import re

from autograder.project.criteria.form import key_of
from autograder.project.printed import SPREAD, Entry, ResultsTable
from autograder.project.results import candidates, is_found, metric_of
from autograder.project.rubric import Marks, Report, judges_criterion

DISTILLED = re.compile(r"\b(distil\w*|student|KD)\b", re.IGNORECASE)
ALONE = re.compile(
    r"\b(scratch|alone|without (?:a |the )?teacher|no teacher|hard labels|plain|from random|"
    r"undistilled|student \(?(?:only|baseline)|trained directly|label smoothing|ce only|"
    r"cross-entropy)\b",
    re.IGNORECASE,
)
BASELINE = re.compile(
    r"\b(base|baseline|original|dense|full|uncompressed|unpruned|fp32|float32|teacher|reference)\b",
    re.IGNORECASE,
)


def own_tables(report: Report) -> list[ResultsTable]:
    """The tables of results that are not the template's example."""
    left = report.template.captions
    return [one for one in report.tables if key_of(one.caption) not in left or not one.caption]


def has_own_results(report: Report) -> bool:
    if not report.results.runs:
        return False
    text = report.files[report.results.file].decode("utf-8", "replace")
    return key_of(text) != report.template.results


@judges_criterion("numbers")
def numbers(report: Report, marks: Marks) -> None:
    """Each number of a table of results is in the results file, within rounding."""
    tables, results = own_tables(report), report.results
    for problem in results.problems:
        marks.fault(problem.text, problem.place)
    if not has_own_results(report):
        where = "there is no results file with runs of your own"
        marks.nothing(f"{where}: nothing shows where the numbers come from")
        return
    if not tables:
        marks.nothing("no table of your own gives results")
        return
    found = 0
    for table in tables:
        for entry in table.entries:
            found += judge_entry(report, entry, marks)
    if not found:
        marks.nothing("no number of a table is in the results file")


def judge_entry(report: Report, entry: Entry, marks: Marks) -> int:
    """Judge one cell; how many of its numbers are in the results file."""
    results = report.results
    methods = [entry.matched] if entry.matched else list(results.methods())
    known = candidates(results, methods, entry.metric)
    found = 0
    for number in entry.numbers:
        if is_found(number.value, number.decimals, known, entry.metric):
            found += 1
            continue
        what = f"{number.text.strip()} ({entry.method}, {entry.heading})"
        if entry.metric and not any_metric(report, entry.metric):
            marks.fault(f"{what}: the results file has nothing of this kind", entry.place)
        else:
            marks.fault(f"{what} is not in {results.file}", entry.place)
    return found


def any_metric(report: Report, metric: str) -> bool:
    related = {"sparsity": ("density", "nonzero"), "density": ("sparsity",), "ratio": ("bytes",)}
    wanted = {metric, *related.get(metric, ())}
    return any(metric_of(name) in wanted for run in report.results.runs for name in run.values)


@judges_criterion("controls")
def controls(report: Report, marks: Marks) -> None:
    """A baseline in tables and results file, three seeds, their spread, and the right controls."""
    tables, results = own_tables(report), report.results
    if not tables:
        marks.nothing("no table of your own gives results")
        return
    methods = [entry.method for table in tables for entry in table.entries]
    place = tables[0].place
    named = any(BASELINE.search(name.replace("_", " ").replace("-", " ")) for name in methods)
    if not named and results.baseline not in {e.matched for t in tables for e in t.entries}:
        marks.fault("no row of a table is the baseline", place)
    judge_seeds(report, marks)
    if not any(shows_spread(table) for table in tables):
        marks.fault("no table shows how far the seeds spread (as in 90.2 ± 0.3)", place)
    everything = [*methods, *results.methods()]
    apart = [name.replace("_", " ").replace("-", " ") for name in everything]
    if any(DISTILLED.search(n) and not ALONE.search(n) for n in apart) and not any(
        ALONE.search(name) for name in apart
    ):
        said = "distillation has no control: the same student trained from scratch is missing"
        marks.fault(said, place)


def judge_seeds(report: Report, marks: Marks) -> None:
    results, least = report.results, marks["least_seeds"]
    if not has_own_results(report):
        marks.fault("there is no results file with the runs of each seed")
        return
    few = [(name, results.seeds(name)) for name in results.methods() if results.seeds(name) < least]
    if few:
        name, count = few[0]
        more = f", and {len(few) - 1} more methods" if len(few) > 1 else ""
        said = f"'{name}' has {count} {'seed' if count == 1 else 'seeds'}, fewer than {least}{more}"
        marks.fault(said, results.methods()[name][0].place)


def shows_spread(table: ResultsTable) -> bool:
    spread = any(number.spread for entry in table.entries for number in entry.numbers)
    return spread or any(SPREAD.search(entry.heading) for entry in table.entries)

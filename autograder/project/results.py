"""The results file that a report hands in: every run with its numbers.

`results.csv` has a row for each run and a column for each number; `results.json` has the same rows
as a list, alone or under `runs`. The column `method` names what was done, `seed` the run. The
first method, or the one that the JSON names as `baseline`, is the baseline.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field

from autograder.project.document import Problem
from autograder.project.sources import Place, decoded

NAMES = ("results.json", "results.csv")
METHOD = ("method", "model", "name", "variant", "experiment")
SEED = ("seed", "run", "repeat", "repetition")
MAX_ROWS = 20_000
METRICS = {
    "accuracy": r"\b(acc|accuracy|top-?\s?[15]|correct|f1)\b",
    "error": r"\berror\b",
    "bytes": r"\b(bytes?|size|storage|disk|memory|footprint|[kmg]i?b)\b",
    "time": r"\b(time|latency|ms|millisecond|inference|runtime|seconds?)\b",
    "parameters": r"(#\s*)?\b(params?|parameters?|weights)\b",
    "nonzero": r"\b(non-?\s?zeros?|nnz|nonzero parameters)\b",
    "macs": r"\b(macs?|flops?|operations)\b",
    "sparsity": r"\b(sparsity|pruned|pruning ratio|zeros)\b",
    "density": r"\b(density|kept|remaining)\b",
    "bits": r"\b(bits?|precision|bit-?\s?width)\b",
    "ratio": r"\b(compression|ratio|factor|smaller|cr)\b|×",
    "speedup": r"\b(speed-?\s?up|faster)\b",
    "loss": r"\b(loss|nll|cross-entropy|perplexity)\b",
}
ORDER = (
    *("nonzero", "sparsity", "density", "bits", "ratio", "speedup", "accuracy", "error", "bytes"),
    *("time", "parameters", "macs", "loss"),
)
BASELINE = re.compile(r"\b(base|baseline|original|dense|full|uncompressed|fp32|float32)\b")


@dataclass
class Run:
    """One row of the results file."""

    method: str
    seed: str
    values: dict[str, float]
    place: Place


@dataclass
class Results:
    """The runs of a results file, by method."""

    file: str = ""
    baseline: str = ""
    runs: list[Run] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def methods(self) -> dict[str, list[Run]]:
        found: dict[str, list[Run]] = {}
        for run in self.runs:
            found.setdefault(run.method, []).append(run)
        return found

    def seeds(self, method: str) -> int:
        return len({run.seed for run in self.runs if run.method == method})

    def mean(self, method: str, metric: str) -> float | None:
        values = self.values(method, metric)
        return statistics.fmean(values) if values else None

    def values(self, method: str, metric: str) -> list[float]:
        """A metric's values over a method's runs, in the metric's own unit."""
        found = []
        for run in self.methods().get(method, []):
            for name, value in run.values.items():
                if metric_of(name) == metric:
                    found.append(value * scale_of(name, metric))
                    break
        return found


def metric_of(name: str) -> str:
    """Which metric a column's heading speaks of, empty if none that we know."""
    text = re.sub(r"[_/]+", " ", name.lower())
    return next((metric for metric in ORDER if re.search(METRICS[metric], text)), "")


def scale_of(name: str, metric: str) -> float:
    """What a column's numbers are multiplied by to be in bytes, or in milliseconds."""
    text = re.sub(r"[_/()\[\]]+", " ", name)
    if metric == "bytes":
        return unit_bytes(text)
    if metric == "time":
        lower = text.lower()
        if re.search(r"\bms\b|milli", lower):
            return 1.0
        if re.search(r"µs|\bus\b|micro", lower):
            return 1e-3
        return 1000.0 if re.search(r"\bs\b|seconds?|\bsec\b", lower) else 1.0
    return 1.0


def unit_bytes(text: str) -> float:
    """How many bytes the unit in a text is; 1 without one."""
    found = re.search(r"\b([kKMG])(i?)B\b", text) or re.search(r"(?i)\b([kmg])(i?)b\b", text)
    if not found:
        return 1.0
    base = 1024 if found[2] else 1000
    return float(base ** " kmg".index(found[1].lower()))


def read_results(files: dict[str, bytes]) -> Results:
    """The results file of a report; empty, with the reason, if there is none to read."""
    names = [name for name in files if name.rsplit("/", 1)[-1].lower() in NAMES]
    names.sort(key=lambda name: (name.count("/"), NAMES.index(name.rsplit("/", 1)[-1].lower())))
    if not names:
        said = "there is no results file: hand in results.csv or results.json with the runs"
        return Results(problems=[Problem("results", said)])
    found = Results(names[0])
    text, _ = decoded(files[names[0]])
    try:
        if names[0].lower().endswith(".json"):
            from_json(text, found)
        else:
            from_csv(text, found)
    except ValueError as error:
        line = getattr(error, "lineno", 1)
        said = f"the results file cannot be read: {str(error)[:150]}"
        found.problems.append(Problem("results", said, Place(names[0], line)))
    if not found.runs and not found.problems:
        said = "the results file holds no run: give each run a row with a `method` and numbers"
        found.problems.append(Problem("results", said, Place(names[0], 1)))
    if not found.baseline:
        named = [m for m in found.methods() if BASELINE.search(m.lower().replace("_", " "))]
        found.baseline = next(iter([*named, *found.methods()]), "")
    return found


def from_csv(text: str, found: Results) -> None:
    reader = csv.reader(io.StringIO(text))
    head: list[str] = []
    for row in reader:
        if not any(cell.strip() for cell in row) or row[0].lstrip().startswith("#"):
            continue
        if not head:
            head = [cell.strip() for cell in row]
            continue
        place = Place(found.file, reader.line_num)
        if len(row) != len(head):
            said = f"this row has {len(row)} cells, the head has {len(head)}"
            found.problems.append(Problem("results", said, place))
            continue
        add_run(dict(zip(head, row, strict=True)), place, found)


def from_json(text: str, found: Results) -> None:
    try:
        data = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    rows: object = data
    if isinstance(data, dict):
        rows = next((data[key] for key in ("runs", "rows", "results") if key in data), None)
        baseline = data.get("baseline")
        found.baseline = baseline if isinstance(baseline, str) else ""
        if isinstance(rows, dict):
            rows = [{"method": name} | row for name, row in rows.items() if isinstance(row, dict)]
    if not isinstance(rows, list):
        raise ValueError("it holds no list of runs")
    lines = [match.start() for match in re.finditer("\n", text)]
    position = 0
    for row in rows:
        if isinstance(row, dict):
            position = max(text.find("{", position + 1), position)
            line = sum(1 for one in lines if one < position) + 1 if len(lines) < 5000 else 1
            add_run(row, Place(found.file, line), found)


def add_run(row: dict, place: Place, found: Results) -> None:
    """One run; a cell that should be a number and is none is a problem with its line."""
    if len(found.runs) >= MAX_ROWS:
        return
    texts = {str(key).strip(): value for key, value in row.items()}
    lower = {key.lower(): key for key in texts}
    method = next((texts[lower[name]] for name in METHOD if name in lower), "")
    seed = next((texts[lower[name]] for name in SEED if name in lower), "")
    values = {}
    for key, value in texts.items():
        if key.lower() in (*METHOD, *SEED):
            continue
        number = as_number(value)
        if number is not None:
            values[key] = number
        elif metric_of(key) and str(value).strip() and not isinstance(value, (dict, list)):
            said = f"'{str(value)[:40]}' in the column {key[:40]} is no number"
            found.problems.append(Problem("results", said, place))
    if values:
        found.runs.append(Run(str(method).strip(), str(seed).strip(), values, place))


def as_number(value: object) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(str(value).strip().rstrip("%").replace(",", ""))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


# ------------------------------------------------------------------ what a number may stand for


def candidates(results: Results, methods: Iterable[str], metric: str) -> list[float]:
    """Every number that the runs of some methods give for a metric: runs, means, spreads, and
    differences and ratios to the baseline."""
    found: list[float] = []
    for method in methods:
        for name in {name for run in results.methods()[method] for name in run.values}:
            kind = metric_of(name)
            if metric and kind and kind not in RELATED.get(metric, (metric,)):
                continue
            found += statistics_of(results, method, name)
    return found


def statistics_of(results: Results, method: str, name: str) -> list[float]:
    values = [r.values[name] for r in results.methods()[method] if name in r.values]
    base = [r.values[name] for r in results.methods().get(results.baseline, []) if name in r.values]
    if not values:
        return []
    mean = statistics.fmean(values)
    spread = [statistics.stdev(values), statistics.pstdev(values)] if len(values) > 1 else []
    spread += [one / math.sqrt(len(values)) for one in spread[:1]]
    found = [*values, mean, statistics.median(values), *spread, max(values) - min(values)]
    if metric_of(name) in ("accuracy", "error", "sparsity", "density"):  # what is left of all
        whole = 100.0 if abs(mean) > 1 else 1.0
        found += [whole - value for value in (*values, mean)]
    if base:
        reference = statistics.fmean(base)
        found += [mean - reference]
        if mean and reference:
            found += [mean / reference, reference / mean, 1 - mean / reference]
    return found


RELATED = {
    # Which columns a printed number of a kind may have been computed from.
    "ratio": ("ratio", "bytes", "parameters", "nonzero", "macs", "bits"),
    "speedup": ("speedup", "time", "macs"),
    "sparsity": ("sparsity", "density", "nonzero"),
    "density": ("density", "sparsity", "nonzero"),
    "error": ("error", "accuracy"),
}
SCALES = {
    "accuracy": (1, 100),
    "error": (1, 100),
    "sparsity": (1, 100),
    "density": (1, 100),
    "bytes": (1, 1e-3, 1e-6, 1e-9, 2.0**-10, 2.0**-20, 2.0**-30, 1e3, 1e6, 2.0**10, 2.0**20),
    "time": (1, 1e-3, 1e3, 1e6),
    "parameters": (1, 1e-3, 1e-6, 1e-9),
    "nonzero": (1, 1e-3, 1e-6, 1e-9, 100),
    "macs": (1, 1e-3, 1e-6, 1e-9),
    "ratio": (1, 100),
}


def is_found(value: float, decimals: int, numbers: Iterable[float], metric: str) -> bool:
    """Whether a printed number is one of the numbers, rounded, in one of the metric's units."""
    half = 0.5 * 10.0**-decimals * (1 + 1e-9) + 1e-12
    scales = SCALES.get(metric, (1, 100))
    return any(abs(abs(n * s) - abs(value)) <= half for n in numbers for s in scales)

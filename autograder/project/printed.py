"""Numbers as a report prints them: in prose, and in tables of results with method and metric."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from autograder.project.document import Cell, Document, Float, Table
from autograder.project.results import Results, metric_of, unit_bytes
from autograder.project.sources import Place

NUMBER = re.compile(
    r"(?<![\w.])(?P<sign>[-−+–]\s?)?"
    r"(?P<digits>\d{1,3}(?:[,\u2009\u202f]\d{3})+(?:\.\d+)?|\d+\.\d+|\d+|\.\d+)"
    r"(?:\s?(?:e|·10\^|×10\^)\{?(?P<power>[-+−]?\d+)\}?)?"
    r"\s?(?P<unit>%|×|x(?![\w])|[kKMGT]i?B\b|B\b|bytes?\b|ms\b|µs\b|seconds?\b|s\b|M\b|k\b|K\b|G\b"
    r"|points?\b|pts?\b|pp\b|percent\b)?"
)
SETTING = re.compile(
    r"\b(epochs?|lr|learning rate|temperature|alpha|lambda|λ|α|seeds?|layers?|batch|width|"
    r"depth|year|steps?|momentum|weight decay|images|classes|threads|rank|group|source|reference|"
    r"n|k|t)\b",
    re.IGNORECASE,
)
SPREAD = re.compile(r"±|\+/-|\b(std|sd|s\.d\.|standard deviation|spread)", re.IGNORECASE)
STOP = {"the", "and", "with", "a", "of", "to", "bit", "model", "our", "after", "at", "by", "in"}


@dataclass(frozen=True)
class Number:
    """A printed number: its value, how many decimals are printed, the unit behind it."""

    value: float
    decimals: int
    unit: str
    text: str
    spread: bool = False


@dataclass
class Entry:
    """A cell of a table of results."""

    method: str
    heading: str
    metric: str
    numbers: list[Number]
    place: Place
    matched: str | None = None


@dataclass
class ResultsTable:
    """A table that gives results: its cells with numbers, by method."""

    place: Place
    float: Float | None
    entries: list[Entry] = field(default_factory=list)
    caption: str = ""

    def methods(self) -> dict[str, dict[str, Entry]]:
        found: dict[str, dict[str, Entry]] = {}
        for entry in self.entries:
            found.setdefault(entry.method, {}).setdefault(entry.metric or entry.heading, entry)
        return found


def numbers_in(text: str) -> list[Number]:
    """The numbers of a text in their order."""
    found = []
    for match in NUMBER.finditer(text):
        digits = re.sub(r"[,\u2009\u202f]", "", match["digits"])
        decimals = len(digits.partition(".")[2])
        value = float(digits)
        if match["power"]:
            power = int(match["power"].replace("−", "-"))
            value, decimals = value * 10.0**power, decimals - power
        negative = (match["sign"] or "").strip() in ("-", "−", "–")
        before = text[: match.start()].rstrip()
        spread = before.endswith(("±", "+/-")) or is_spread_in_brackets(text, match)
        found.append(
            Number(-value if negative else value, decimals, match["unit"] or "", match[0], spread)
        )
    return found


def is_spread_in_brackets(text: str, match: re.Match) -> bool:
    """Whether a number stands in brackets behind another: 90.2 (0.3)."""
    return text[: match.start()].rstrip().endswith("(") and bool(
        re.search(r"\d\s*%?\s*\(\s*$", text[: match.start()])
    )


def is_number(text: str) -> bool:
    """Whether a cell is a number, with what may stand around one."""
    rest = NUMBER.sub("", text, count=3)
    return bool(NUMBER.search(text)) and not re.search(r"[A-Za-z]{2,}", rest)


# ------------------------------------------------------------------ tables


def results_tables(document: Document, results: Results) -> list[ResultsTable]:
    """The tables whose rows or columns are metrics that we know."""
    found = []
    for table, one in document.tables():
        made = results_table(table, one, results)
        if made is not None:
            found.append(made)
    return found


def results_table(table: Table, one: Float | None, results: Results) -> ResultsTable | None:
    grid = expanded(table)
    head = head_rows(grid)
    if not grid or head >= len(grid) or not head:
        return None
    turned = turned_over(grid)
    normal_metrics = metrics_of(grid, head)
    if len(normal_metrics) < len(metrics_of(turned, 1)):
        grid, head = turned, 1
    if not metrics_of(grid, head):
        return None
    made = ResultsTable(table.place, one)
    made.caption = " ".join(text for text, _ in one.captions) if one else ""
    headings = heading_texts(grid, head)
    label = ""
    for row in grid[head:]:
        label = row[0].text or label
        if len({cell.text for cell in row}) == 1 and len(row) > 1:
            continue  # a heading across the table
        for column, cell in enumerate(row[1:], 1):
            heading = headings[column] if column < len(headings) else ""
            if not is_number(cell.text) or (SETTING.search(heading) and not metric_of(heading)):
                continue
            numbers = numbers_in(cell.text)
            made.entries.append(Entry(label, heading, metric_of(heading), numbers, cell.place))
    for entry in made.entries:
        entry.matched = matching(entry.method, list(results.methods()))
    return made if len(made.entries) >= 2 else None


def expanded(table: Table) -> list[list[Cell]]:
    """The rows with a cell across columns repeated, all of one length."""
    rows = [[cell for cell in row for _ in range(min(cell.columns, 30))] for row in table.rows]
    width = max((len(row) for row in rows), default=0)
    return [[*row, *[Cell("", table.place)] * (width - len(row))] for row in rows]


def head_rows(grid: list[list[Cell]]) -> int:
    """How many rows stand before the first with numbers."""
    for number, row in enumerate(grid):
        if any(is_number(cell.text) for cell in row[1:]):
            return number
    return len(grid)


def turned_over(grid: list[list[Cell]]) -> list[list[Cell]]:
    return [list(column) for column in zip(*grid, strict=True)]


def heading_texts(grid: list[list[Cell]], head: int) -> list[str]:
    return [
        " ".join(dict.fromkeys(row[column].text for row in grid[:head]))
        for column in range(len(grid[0]))
    ]


def metrics_of(grid: list[list[Cell]], head: int) -> list[str]:
    if not grid:
        return []
    return [metric for text in heading_texts(grid, head)[1:] if (metric := metric_of(text))]


def stems(text: str) -> set[str]:
    found = re.findall(r"[a-z]+|\d+(?:\.\d+)?", text.lower())
    return {word[:5] if word[0].isalpha() else f"{float(word):g}" for word in found} - STOP


def matching(label: str, methods: list[str]) -> str | None:
    """The method of the results file that a row's label names; None if that is not clear."""
    wanted = stems(label)
    scored = []
    for method in methods:
        mine = stems(method)
        union = wanted | mine
        share = len(wanted & mine) / len(union) if union else 0.0
        numbers = {one for one in wanted ^ mine if one[0].isdigit()}
        scored.append((share - 0.1 * len(numbers), method))
    scored.sort(reverse=True)
    if not scored or scored[0][0] < 0.5:
        return None
    return None if len(scored) > 1 and scored[1][0] == scored[0][0] else scored[0][1]


def in_bytes(number: Number, heading: str) -> float:
    """A size in bytes, by its own unit or the heading's."""
    if re.fullmatch(r"[kKMGT]i?B|B|bytes?", number.unit):
        return number.value * unit_bytes(number.unit)
    return number.value * unit_bytes(re.sub(r"[()\[\]/]", " ", heading))


def in_milliseconds(number: Number, heading: str) -> float:
    unit = number.unit or next(
        iter(re.findall(r"\b(ms|µs|us|seconds?|s)\b", re.sub(r"[()\[\]/]", " ", heading))), "ms"
    )
    return number.value * {"ms": 1.0, "µs": 1e-3, "us": 1e-3}.get(unit, 1000.0)


def in_percent(number: Number, heading: str) -> float:
    percent = number.unit in ("%", "percent") or "%" in heading or abs(number.value) > 1
    return number.value if percent else 100 * number.value


def with_units(entry: Entry) -> Iterator[float]:
    """An entry's values in bytes, milliseconds or percent, as its metric has it."""
    for number in entry.numbers:
        if number.spread:
            continue
        if entry.metric == "bytes":
            yield in_bytes(number, entry.heading)
        elif entry.metric == "time":
            yield in_milliseconds(number, entry.heading)
        elif entry.metric in ("accuracy", "error", "sparsity", "density"):
            yield in_percent(number, entry.heading)
        else:
            yield number.value

"""Plots of the reports: inline SVG in the page's own colors, each with its numbers in words."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

from markupsafe import Markup

LEFT, WIDTH, BASE, HEIGHT = 20, 360, 156, 120


def score_histogram(shares: Sequence[float]) -> Markup:
    """Ten bars of scores with their counts, and the median as a dashed line."""
    label = f"Histogram of {len(shares)} scores in percent"
    return histogram(
        list(shares), [i / 10 for i in range(11)], label, "score in percent", "{:.0f}", 100
    )


def time_histogram(seconds: Sequence[float]) -> Markup:
    """Bars of the seconds that the notebooks took."""
    top = nice_top(max(seconds, default=1.0))
    edges = [top * i / 10 for i in range(11)]
    label = f"Histogram of the time of {len(seconds)} notebooks in seconds"
    return histogram(list(seconds), edges, label, "seconds", "{:g}", 1)


def nice_top(largest: float) -> float:
    """A round number that is not less, whose tenths are short to write."""
    step = 1.0
    while True:
        for factor in (1, 2, 5):
            if largest <= 10 * step * factor:
                return 10 * step * factor
        step *= 10


def histogram(
    values: list[float], edges: list[float], label: str, unit: str, form: str, scale: float
) -> Markup:
    """Ten bars with counts over an axis, the median dashed, all numbers in the label."""
    low, high = edges[0], edges[-1]
    counts = [0] * 10
    for value in values:
        counts[min(int((value - low) / (high - low) * 10 + 1e-9), 9)] += 1
    top = max([*counts, 1])
    said = ", ".join(
        f"{n} from {form.format(scale * edges[i])} to {form.format(scale * edges[i + 1])}"
        for i, n in enumerate(counts)
        if n
    )
    bars = [histogram_bar(i, count, HEIGHT * count / top) for i, count in enumerate(counts)]
    ticks = [tick(i, form.format(scale * edges[i])) for i in range(0, 11, 2)]
    line = median_line(values, lambda value: LEFT + WIDTH * (value - low) / (high - low))
    return Markup(
        '<svg class="histogram" viewBox="0 0 400 200" role="img" aria-label="{}: {}.">'
        '{}<line class="axis" x1="20" x2="380" y1="156" y2="156"></line>{}{}'
        '<text x="200" y="193" text-anchor="middle">{}</text></svg>'
    ).format(label, said or "none", Markup("").join(bars), Markup("").join(ticks), line, unit)


def tick(position: int, text: str) -> Markup:
    return Markup('<text x="{}" y="173" text-anchor="middle">{}</text>').format(
        LEFT + WIDTH // 10 * position, text
    )


def histogram_bar(position: int, count: int, height: float) -> Markup:
    if not count:
        return Markup("")
    left, top = LEFT + 2 + WIDTH // 10 * position, BASE - height
    return Markup(
        '<rect class="bar" x="{}" y="{:.1f}" width="32" height="{:.1f}" rx="3"></rect>'
        '<text class="strong" x="{}" y="{:.1f}" text-anchor="middle">{}</text>'
    ).format(left, top, height, left + 16, top - 5, count)


def median_line(values: list[float], place: Callable[[float], float]) -> Markup:
    if not values:
        return Markup("")
    x = place(statistics.median(values))
    anchor = "end" if x > 350 else "start" if x < 50 else "middle"
    return Markup(
        '<line class="median" x1="{0:.1f}" x2="{0:.1f}" y1="14" y2="156"></line>'
        '<text x="{1:.1f}" y="11" text-anchor="{2}">median</text>'
    ).format(x, x, anchor)


def strip(parts: Sequence[tuple[str, float]], label: str) -> Markup:
    """A horizontal bar of colored parts, as wide as its place."""
    rects, left = [], 0.0
    for kind, share in parts:
        rect = '<rect class="{}" x="{:.2f}" width="{:.2f}" height="1"></rect>'
        rects.append(Markup(rect).format(kind, 100 * left, 100 * share))
        left += share
    return Markup(
        '<svg viewBox="0 0 100 1" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
    ).format(label, Markup("").join(rects))

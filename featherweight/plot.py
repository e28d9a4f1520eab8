"""One look for every figure: colorblind-safe, legible on light and dark pages, with alt text."""

import hashlib
import html
import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as MatplotlibFigure

# Every color has a contrast of at least 3:1 with white and with the dark theme's background;
# the hues are those of Okabe and Ito that a colorblind reader can tell apart.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#BF6C9B", "#7F7F7F")
MARKERS = ("o", "s", "^", "D", "v")
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1)))
_INK = "#010203"  # stands for the page's text color until the figure is shown

STYLE = {
    "axes.edgecolor": _INK,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": _INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": "medium",
    "figure.facecolor": "none",
    "font.size": 10,
    "grid.alpha": 0.18,
    "grid.color": _INK,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
    "savefig.facecolor": "none",
    "svg.fonttype": "path",
    "svg.hashsalt": "featherweight",
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
}


def figure(
    width: float = 6.4, height: float = 3.6, rows: int = 1, columns: int = 1, **options: Any
) -> tuple["MatplotlibFigure", Any]:
    """Return a figure and its axes in the house style; `options` go to `plt.subplots`."""
    import matplotlib
    import matplotlib.pyplot as plt
    from cycler import cycler

    cycle = cycler(color=COLORS) + cycler(marker=MARKERS) + cycler(linestyle=LINES)
    style: Any = STYLE | {"axes.prop_cycle": cycle}
    matplotlib.rcParams.update(style)
    return plt.subplots(rows, columns, figsize=(width, height), layout="constrained", **options)


def band(
    ax: "Axes", x: Sequence[float], runs: Any, label: str | None = None, **options: Any
) -> None:
    """Draw the mean of `runs` [seeds, points] over `x`, and one standard deviation around it."""
    runs = np.asarray(runs, dtype=float)
    if runs.ndim != 2 or runs.shape[1] != len(x):
        raise ValueError(f"Runs need the shape [seeds, {len(x)}]; got {list(runs.shape)}.")
    mean = runs.mean(axis=0)
    sd = runs.std(axis=0, ddof=1) if len(runs) > 1 else np.zeros_like(mean)
    (line,) = ax.plot(x, mean, label=label, **options)
    ax.fill_between(x, mean - sd, mean + sd, color=line.get_color(), alpha=0.2, linewidth=0)


class Table:
    """Rows of numbers and texts as HTML, the first column flush left."""

    def __init__(self, header: Sequence[str], rows: Sequence[Sequence[object]]):
        self.header, self.rows = header, rows

    def _repr_html_(self) -> str:
        head = _table_row("th", self.header)
        body = "".join(_table_row("td", row) for row in self.rows)
        return f'<table class="table dataframe"><thead>{head}</thead><tbody>{body}</tbody></table>'


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    """Return a table for display; numbers get thousands separators."""
    return Table(header, [list(row) for row in rows])


def _table_row(tag: str, values: Sequence[object]) -> str:
    texts = [
        f"{value:,}" if isinstance(value, int | float) else html.escape(str(value))
        for value in values
    ]
    sides = ["left"] + ["right"] * (len(texts) - 1)
    cells = (
        f'<{tag} style="text-align: {side}">{text}</{tag}>'
        for side, text in zip(sides, texts, strict=True)
    )
    return f"<tr>{''.join(cells)}</tr>"


class Figure:
    """A finished figure as inline SVG whose text takes the color of the page around it."""

    def __init__(self, svg: str, alt: str):
        self.svg, self.alt = svg, alt

    def _repr_html_(self) -> str:
        return f'<figure class="fw-figure">{self.svg}</figure>'


def show(fig: "MatplotlibFigure", alt: str) -> Figure:
    """Close `fig` and return it for display, described by `alt` for those who can't see it."""
    import matplotlib.pyplot as plt

    if len(alt.split()) < 4:
        raise ValueError("Describe the figure in a sentence: show(fig, alt='What it shows ...').")
    buffer = io.StringIO()
    fig.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    plt.close(fig)
    return Figure(_inline(buffer.getvalue(), alt), alt)


def _inline(svg: str, alt: str) -> str:
    """Make a standalone SVG fit for a page: no prolog, unique ids, the page's ink, a label."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<(metadata|style)\b.*?</\1>", "", svg, flags=re.DOTALL)
    svg = svg.replace(_INK, "currentColor")
    prefix = "f" + hashlib.sha256((svg + alt).encode()).hexdigest()[:8]
    referenced = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
    svg = re.sub(r' id="([^"]+)"', lambda m: _rename(m[1], prefix, referenced), svg)
    svg = re.sub(r'(href="#|url\(#)', rf"\g<1>{prefix}-", svg)
    svg = re.sub(r'<svg [^>]*?viewBox="([^"]+)"[^>]*>', lambda m: _opening(m[1], alt), svg, count=1)
    return svg.strip()


def _rename(name: str, prefix: str, referenced: set[str]) -> str:
    return f' id="{prefix}-{name}"' if name in referenced else ""


def _opening(view_box: str, alt: str) -> str:
    width = float(view_box.split()[2])
    return (
        f'<svg role="img" aria-label="{html.escape(alt)}" viewBox="{view_box}" '
        f'style="width:100%;max-width:{1.35 * width:.0f}px;height:auto;'
        'stroke-linejoin:round;stroke-linecap:butt" '
        'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
    )

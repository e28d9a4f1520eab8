"""Draw the figure and write the table of the report from results.csv: `python make_figures.py`."""

import csv
import statistics
from collections import defaultdict
from pathlib import Path

import matplotlib.pyplot as plt

HERE = Path(__file__).resolve().parent


def read_runs(path: Path) -> dict[str, list[dict[str, float]]]:
    """The runs of each method, in the order of the file."""
    runs = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            method = row.pop("method")
            runs[method].append({name: float(value) for name, value in row.items()})
    return dict(runs)


def spread(values: list[float]) -> tuple[float, float]:
    """Mean and standard deviation over seeds."""
    return statistics.fmean(values), statistics.stdev(values)


def draw(runs: dict[str, list[dict[str, float]]], path: Path) -> None:
    """Accuracy over size, with the spread of the seeds."""
    figure, axes = plt.subplots(figsize=(4.5, 3))
    for method, rows in runs.items():
        mean, deviation = spread([100 * row["accuracy"] for row in rows])
        axes.errorbar(rows[0]["bytes"] / 1e6, mean, deviation, marker="o", capsize=3, label=method)
    axes.set_xlabel("size on disk (MB)")
    axes.set_ylabel("test accuracy (%)")
    axes.legend()
    figure.savefig(path, bbox_inches="tight", metadata={"CreationDate": None})
    plt.close(figure)


def write_table(runs: dict[str, list[dict[str, float]]], path: Path) -> None:
    """One row for each method: accuracy with its spread, and size."""
    lines = [r"\begin{tabular}{lrr}", r"  \toprule"]
    lines += [r"  Method & Accuracy (\%) & Size (MB) \\", r"  \midrule"]
    for method, rows in runs.items():
        mean, deviation = spread([100 * row["accuracy"] for row in rows])
        size = rows[0]["bytes"] / 1e6
        lines.append(rf"  {method} & ${mean:.1f} \pm {deviation:.1f}$ & {size:.2f} \\")
    lines += [r"  \bottomrule", r"\end{tabular}"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    runs = read_runs(HERE / "results.csv")
    draw(runs, HERE / "figures" / "example.pdf")
    write_table(runs, HERE / "tables" / "example.tex")


if __name__ == "__main__":
    main()

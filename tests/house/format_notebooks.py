"""Format the code cells of chapters and assignments: `make format` runs it."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat

from tests.house.sources import ROOT, notebook_sources

CELL = re.compile(
    r"^(?P<head>```\{code-cell\}[^\n]*\n(?::[^\n]*\n)*\n*)(?P<code>.*?)(?P<end>\n*```$)",
    re.M | re.S,
)


# A rendered page shows this many columns of code beside its table of contents without scrolling.
PAGE_COLUMNS = 88


def formatted(sources: list[str], columns: int) -> list[str]:
    """The code of cells, formatted as one notebook."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cells.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
        configuration = ("--config", str(ROOT / "pyproject.toml"))
        width = ("--line-length", str(columns))
        ruff = [sys.executable, "-m", "ruff", "format", "--quiet", *configuration, *width, path]
        subprocess.run(ruff, check=True)
        return [cell.source for cell in nbformat.read(path, as_version=4).cells]


def format_notebook(path: Path) -> str:
    """The text of a MyST notebook with its code cells formatted and all else as it was."""
    text = (ROOT / path).read_text()
    columns = PAGE_COLUMNS if path.parts[0] == "book" else 100
    code = iter(formatted([match["code"] for match in CELL.finditer(text)], columns))
    return CELL.sub(lambda match: f"{match['head']}{next(code)}{match['end']}", text)


def main() -> None:
    """Rewrite each notebook whose code is not formatted, and name it."""
    for path in notebook_sources():
        before = (ROOT / path).read_text()
        after = format_notebook(path)
        if after != before:
            (ROOT / path).write_text(after)
            print(f"formatted {path}")


if __name__ == "__main__":
    main()

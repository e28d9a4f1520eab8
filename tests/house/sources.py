"""The files of the repository, and the code that stands in its notebooks."""

import ast
import subprocess
from dataclasses import dataclass
from pathlib import Path

import jupytext

ROOT = Path(__file__).resolve().parents[2]
BINARY = {".npz", ".safetensors", ".pdf", ".png", ".webp", ".ico", ".zip"}


def files() -> list[Path]:
    """Every file that git tracks or would track, relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    names = sorted(set(listed.split("\0")) - {""})
    return [Path(name) for name in names if (ROOT / name).is_file()]


def texts() -> dict[Path, str]:
    """The text of each file that is text."""
    return {path: (ROOT / path).read_text() for path in files() if path.suffix not in BINARY}


def notebook_sources() -> list[Path]:
    """The chapters and the instructor's assignments: every MyST file with a code cell."""
    return [
        path
        for path, text in texts().items()
        if path.parts[0] in ("book", "solutions") and path.suffix == ".md" and "{code-cell}" in text
    ]


@dataclass(frozen=True)
class Function:
    """One function of a notebook: its name and its lines, from `def` to the end."""

    name: str
    lines: int


@dataclass(frozen=True)
class Cell:
    """One code cell: where it stands, its source and its functions."""

    notebook: Path
    number: int
    source: str

    @property
    def lines(self) -> int:
        return sum(1 for line in self.source.splitlines() if line.strip())

    @property
    def functions(self) -> list[Function]:
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        found = (node for node in ast.walk(ast.parse(self.source)) if isinstance(node, kinds))
        return [Function(node.name, node.end_lineno - node.lineno + 1) for node in found]

    def __str__(self) -> str:
        return f"{self.notebook} cell {self.number}"


def code_cells(path: Path) -> list[Cell]:
    """The code cells of a MyST notebook."""
    notebook = jupytext.read(ROOT / path)
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return [Cell(path, number, source) for number, source in enumerate(sources, 1)]

"""What the instructor's program says of itself, so that the guide never says something else.

``{options} grade`` becomes the table of the options of `autograder grade`, read from its parser.
``{attempts} forging`` becomes the list of the attacks or faults of that folder of
`tests/attacks/cases/`, each in the words of its file.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

WIDTHS = (35, 65)
ATTEMPT = re.compile(r"\A((?:# .*\n)+?)# ---\n")


class OptionsDirective(SphinxDirective):
    """The `options` directive: what a subcommand takes."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        from autograder import cli

        command = self.arguments[0]
        if command not in cli.COMMANDS:
            raise self.error(f"there is no command 'autograder {command}'.")
        module = Path(cli.__file__).with_name(f"{cli.COMMANDS[command][0]}.py")
        self.env.note_dependency(str(module))
        self.env.note_dependency(str(module.with_name("execute.py")))
        rows = [
            (nodes.literal("", spelled(action)), nodes.Text(said(action)))
            for action in actions(cli._parser([command]), command)
        ]
        return [table(("Option", "What it does"), rows)]


def actions(parser: argparse.ArgumentParser, command: str) -> Iterator[argparse.Action]:
    """The options of one subcommand, in the order of its help."""
    subparsers = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    for action in subparsers.choices[command]._actions:
        if action.option_strings and action.help and action.dest != "help":
            yield action


def spelled(action: argparse.Action) -> str:
    """An option as one types it."""
    return " ".join(filter(None, (action.option_strings[-1], action.metavar)))


def said(action: argparse.Action) -> str:
    return (action.help or "") % {"default": action.default}


class AttemptsDirective(SphinxDirective):
    """The `attempts` directive: what the attacks and faults of one folder try."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        folder = Path(self.env.srcdir) / "tests" / "attacks" / "cases" / self.arguments[0]
        files = sorted(folder.glob("*.py"))
        if not files:
            raise self.error(f"there is no attack in {folder}.")
        for path in files:
            self.env.note_dependency(str(path))
        rows = [(nodes.literal("", path.stem), nodes.Text(attempt(path))) for path in files]
        return [table(("Case", "What is handed in"), rows)]


def attempt(path: Path) -> str:
    """The sentence with which a case's file begins."""
    found = ATTEMPT.match(path.read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"{path} does not begin with a sentence and a line '# ---'.")
    return " ".join(re.sub(r"(?m)^# ?", "", found.group(1)).split())


def table(titles: tuple[str, ...], rows: list[tuple[nodes.Node, ...]]) -> nodes.table:
    """A table with a head."""
    group = nodes.tgroup(cols=len(titles))
    group += [nodes.colspec(colwidth=width) for width in WIDTHS]
    head = nodes.thead("", row(tuple(nodes.Text(title) for title in titles)))
    group += [head, nodes.tbody("", *map(row, rows))]
    return nodes.table("", group)


def row(cells: tuple[nodes.Node, ...]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", cell)) for cell in cells))


def setup(app: Sphinx) -> dict[str, object]:
    app.add_directive("options", OptionsDirective)
    app.add_directive("attempts", AttemptsDirective)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

"""What the instructor's program says of itself, so that the guide never says something else.

``{options} grade`` becomes the table of the options of `autograder grade`, read from its parser.
``{threats} forging`` becomes the table of one group of `tests/attacks/threats.yaml`: what is tried,
what must come of it, and the cases in `tests/attacks/cases/` or the tests elsewhere that show it.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

OPTION_WIDTHS = (35, 65)
THREAT_WIDTHS = (25, 30, 45)
THREAT = re.compile(r"^# threat: (.+)$", re.MULTILINE)


class OptionsDirective(SphinxDirective):
    """The `options` directive: what a subcommand takes."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        from autograder import cli

        command = self.arguments[0]
        if command not in cli.COMMANDS:
            raise self.error(f"there is no command 'autograder {command}'.")
        folder = Path(cli.__file__).parent
        module = cli.COMMANDS[command][0].replace(".", "/")
        self.env.note_dependency(str(folder / f"{module}.py"))
        self.env.note_dependency(str(folder / "execute.py"))
        rows = [
            (nodes.literal("", spelled(action)), nodes.Text(said(action)))
            for action in actions(cli._parser([command]), command)
        ]
        return [table(("Option", "What it does"), OPTION_WIDTHS, rows)]


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


class ThreatsDirective(SphinxDirective):
    """The `threats` directive: what one kind of attack or fault tries, and what comes of it."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        attacks = Path(self.env.srcdir) / "tests" / "attacks"
        listed = attacks / "threats.yaml"
        group = self.arguments[0]
        threats = yaml.safe_load(listed.read_text(encoding="utf-8"))
        if group not in threats:
            raise self.error(f"{listed} has no group {group!r}.")
        cases = cases_by_threat(attacks / "cases" / group)
        self.env.note_dependency(str(listed))
        for path in (path for paths in cases.values() for path in paths):
            self.env.note_dependency(str(path))
        rows = [
            (nodes.Text(threat), nodes.Text(outcome(told)), shown_by(told, cases.get(threat, [])))
            for threat, told in threats[group].items()
        ]
        return [table(("What is tried", "What comes of it", "Shown by"), THREAT_WIDTHS, rows)]


def cases_by_threat(folder: Path) -> dict[str, list[Path]]:
    """The cases of a group by the threat that their headers name."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.py")):
        named = THREAT.search(path.read_text(encoding="utf-8"))
        if named is None:
            raise ValueError(f"{path} names no threat.")
        found.setdefault(named.group(1).strip().strip("\"'"), []).append(path)
    return found


def outcome(told: str | dict[str, Any]) -> str:
    return told["ends"] if isinstance(told, dict) else told


def shown_by(told: str | dict[str, Any], cases: list[Path]) -> nodes.Node:
    """Cases by their names, tests elsewhere by what their names say and their file."""
    entries = [[nodes.literal("", path.stem)] for path in cases]
    for name in told.get("tests", []) if isinstance(told, dict) else []:
        file, _, function = name.rpartition("/")[2].partition("::")
        said = function.removeprefix("test_").replace("_", " ")
        entries.append([*([nodes.Text(f"{said} ")] if said else []), nodes.literal("", file)])
    listed = nodes.inline()
    for number, entry in enumerate(entries):
        listed += [nodes.Text(", ")] if number else []
        listed += entry
    return listed


def table(
    titles: tuple[str, ...], widths: tuple[int, ...], rows: list[tuple[nodes.Node, ...]]
) -> nodes.table:
    """A table with a head."""
    group = nodes.tgroup(cols=len(titles))
    group += [nodes.colspec(colwidth=width) for width in widths]
    head = nodes.thead("", row(tuple(nodes.Text(title) for title in titles)))
    group += [head, nodes.tbody("", *map(row, rows))]
    return nodes.table("", group)


def row(cells: tuple[nodes.Node, ...]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", cell)) for cell in cells))


def setup(app: Sphinx) -> dict[str, object]:
    app.add_directive("options", OptionsDirective)
    app.add_directive("threats", ThreatsDirective)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

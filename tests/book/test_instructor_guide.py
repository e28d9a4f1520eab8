"""What the instructor's guide shows is what the programs take: commands, options, paths, code."""

import ast
import re
import shlex
from dataclasses import fields
from pathlib import Path

import pytest
import yaml
from distributed.cli import dask_scheduler, dask_worker
from nbgrader.apps import NbGraderApp
from traitlets.config import Config

from autograder import cli
from autograder.execute import Limits
from tests.book.pages import BOOK, ROOT

GUIDE = sorted((BOOK / "instructor").glob("*.md"))
PATH = re.compile(
    r"(?:book|autograder|tests|solutions|assignments|featherweight|benchmarks)/[\w./-]+"
)
DASK = {"scheduler": dask_scheduler.main, "worker": dask_worker.main}


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of a language, without the indentation of a list around them."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", page.read_text(), flags=re.M | re.S)
    return [re.sub(rf"(?m)^{indent}", "", text) for indent, text in found]


def commands(program: str, pages: list[Path] = GUIDE) -> list[tuple[str, list[str]]]:
    """Every command line of a program that the pages show, with its page."""
    lines = [
        (page.name, shlex.split(line))
        for page in pages
        for block in blocks(page, "sh")
        for line in block.replace("\\\n", " ").splitlines()
    ]
    return [(name, words[1:]) for name, words in lines if words and Path(words[0]).name == program]


def in_code(page: Path) -> list[str]:
    """What stands in backticks in a page's prose."""
    prose = re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.M | re.S)
    return re.findall(r"`([^`\n]+)`", prose)


def options_of_the_program() -> set[str]:
    """Every option of every subcommand."""
    found: set[str] = set()
    for name in cli.COMMANDS:
        parser = cli._parser([name])._subparsers._group_actions[0].choices[name]
        found.update(option for action in parser._actions for option in action.option_strings)
    return found


def options_of_dask() -> set[str]:
    return {option for main in DASK.values() for p in main.params for option in p.opts}


@pytest.mark.parametrize(
    ("page", "words"),
    commands("autograder", [*GUIDE, ROOT / "README.md", ROOT / "CONTRIBUTING.md"]),
)
def test_the_parser_takes_every_command_that_is_shown(page, words):
    words = ["a1" if word.startswith("<") else word for word in words]
    cli._parser(words).parse_args(words)


@pytest.mark.parametrize(("page", "words"), commands("dask"))
def test_dask_takes_every_command_that_is_shown(page, words):
    kind, rest = words[0], words[1:]
    given = {word for word in rest if word.startswith("--")}
    assert given <= {option for parameter in DASK[kind].params for option in parameter.opts}
    DASK[kind].make_context(kind, rest)


@pytest.mark.parametrize(("page", "words"), commands("nbgrader"))
def test_nbgrader_has_every_command_that_is_shown(page, words):
    app = NbGraderApp
    for word in words:
        if not (known := app().subcommands):
            return
        assert word in known, words
        app = known[word][0]


@pytest.mark.parametrize("page", GUIDE, ids=lambda page: page.stem)
def test_options_and_paths_in_the_prose_exist(page):
    known = options_of_the_program() | options_of_dask()
    for text in in_code(page):
        for option in re.findall(r"(?<!\S)--[a-z-]+", text):
            assert option in known, f"{page.name}: {text}"
        if PATH.fullmatch(text):
            assert (ROOT / text).exists(), f"{page.name}: {text}"


@pytest.mark.parametrize("page", GUIDE, ids=lambda page: page.stem)
def test_code_that_is_shown_can_be_read(page):
    for text in blocks(page, "python"):
        ast.parse(text)
    for text in blocks(page, "yaml"):
        assert yaml.safe_load(text)


def test_the_late_policy_that_is_shown_takes_a_tenth_for_each_day():
    (text,) = (t for t in blocks(BOOK / "instructor" / "collect.md", "python") if "Plugin" in t)
    names = {"c": Config()}
    exec(text, names)
    penalty = names["c"].AssignLatePenalties.plugin_class().late_submission_penalty
    assert penalty("ada", 10, 1) == pytest.approx(1)
    assert penalty("ada", 10, 86_401) == pytest.approx(2)
    assert penalty("ada", 10, 30 * 86_400) == pytest.approx(10)


def test_the_table_of_options_has_every_limit(monkeypatch):
    monkeypatch.syspath_prepend(str(BOOK / "_ext"))
    import program

    listed = {
        program.spelled(a): program.said(a)
        for a in program.actions(cli._parser(["grade"]), "grade")
    }
    for limit in fields(Limits):
        option = f"--{limit.name.replace('_', '-')}"
        assert any(
            name.startswith(option) and limit.metadata["help"] in text
            for name, text in listed.items()
        )
    assert not any("%(" in text for text in listed.values())


def test_the_threat_model_shows_every_group_of_threats():
    text = (BOOK / "instructor" / "threat-model.md").read_text()
    listed = yaml.safe_load((ROOT / "tests" / "attacks" / "threats.yaml").read_text())
    assert re.findall(r"```\{threats\} (\w+)", text) == list(listed)

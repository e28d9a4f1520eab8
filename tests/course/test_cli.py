"""The command: help at once, mistakes in one sentence."""

import subprocess
import sys

import pytest

from autograder import cli


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from autograder import cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'nbformat', 'nbgrader', 'numpy'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert all(name in ended.stdout for name in cli.COMMANDS)


@pytest.mark.parametrize(
    "words",
    [["audit", "a77"], ["release", "a77"], ["sample-class", "--out", "x", "--assignment", "a77"]],
)
def test_an_unknown_assignment_ends_in_one_sentence_and_status_2(
    words, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert cli.main(words) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"autograder {words[0]}: There is no assignment 'a77'.")
    assert "a0-measuring" in said
    assert said.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_an_unknown_command_ends_in_status_2(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["graed"])
    assert ended.value.code == 2
    assert "invalid choice: 'graed'" in capsys.readouterr().err

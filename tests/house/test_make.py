"""The Makefile: what a newcomer meets before anything is installed."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def checkout(tmp_path):
    """A folder with a space in its name that holds what `make env` reads."""
    folder = tmp_path / "a course"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, folder)
    return folder


def make(folder, *arguments, path=None):
    """Run make there, with another PATH if one is given."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    environment["PATH"] = path or environment["PATH"]
    return subprocess.run(
        [shutil.which("make"), *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def fake_python(folder: Path, script: str) -> str:
    """A folder for PATH whose python3 is a shell script, with the commands that make needs."""
    bin_folder = folder / "bin"
    bin_folder.mkdir()
    for command in ("sh", "sed", "cat", "find", "rm", "printf", "expand"):
        (bin_folder / command).symlink_to(shutil.which(command))
    if script:
        (bin_folder / "python3").write_text(f"#!/bin/sh\n{script}\n")
        (bin_folder / "python3").chmod(0o755)
    return str(bin_folder)


NO_VENV = 'case "$*" in *ensurepip*) exit 1;; esac'
TOO_OLD = 'case "$*" in *version_info*) exit 1;; --version) echo Python 3.9.2;; esac'


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("", "needs Python 3.11, 3.12 or 3.13 and found no python3"),
        (TOO_OLD, "needs Python 3.11, 3.12 or 3.13, and python3 is Python 3.9.2"),
        (NO_VENV, "python3 has no venv module: install it"),
    ],
)
def test_an_unfit_python_gets_one_sentence(checkout, script, says):
    done = make(checkout, "env", path=fake_python(checkout, script))
    assert done.returncode != 0
    sentence, *rest = done.stderr.splitlines()
    assert says in sentence
    assert all(line.startswith("make") for line in rest)
    assert not (checkout / ".venv").exists()


def test_help_lists_every_target_that_people_call(checkout):
    phony = re.search(r"^\.PHONY: (help .*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    listed = [line.split()[0] for line in make(checkout).stdout.splitlines()[1:]]
    assert sorted(listed) == sorted(phony.group(1).split())


def test_clean_keeps_an_instructors_course(checkout):
    for folder in ("_build", "course", ".venv"):
        (checkout / folder).mkdir()
    assert make(checkout, "clean").returncode == 0
    left = {path.name for path in checkout.iterdir() if path.is_dir()}
    assert left == {"course", ".venv"}


def test_no_name_in_the_repository_has_a_space():
    names = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert [name for name in names if " " in name] == []

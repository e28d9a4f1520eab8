"""The places that name a version agree: pyproject, lock, environment.yml and Makefile."""

import re
import tomllib
from pathlib import Path

import pytest
import torch
import torchvision
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = (ROOT / "requirements.lock").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


def locked_blocks() -> dict[str, str]:
    """The lock's text for each `name==version` line, with its hashes and origin."""
    starts = list(re.finditer(r"^[a-z0-9][^ \n]*==", LOCK, re.MULTILINE))
    ends = [start.start() for start in starts[1:]] + [len(LOCK)]
    return {
        LOCK[start.start() : start.end() - 2]: LOCK[start.start() : end]
        for start, end in zip(starts, ends, strict=True)
    }


def requirements() -> list[Requirement]:
    """What pyproject.toml asks for, extras included."""
    lists = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    return [Requirement(line) for lines in lists for line in lines]


@pytest.mark.parametrize("requirement", requirements(), ids=str)
def test_each_requirement_is_locked_within_its_range(requirement):
    block = locked_blocks()[canonicalize_name(requirement.name)]
    version = re.match(r"\S+==([^ \n]+)", block).group(1)
    assert requirement.specifier.contains(version, prereleases=True)


def test_the_lock_was_compiled_from_these_requirements():
    asked_for = {canonicalize_name(requirement.name) for requirement in requirements()}
    compiled_from = {
        name for name, block in locked_blocks().items() if "featherweight (pyproject.toml)" in block
    }
    assert compiled_from == asked_for, "run `make lock`"


def test_each_locked_package_has_hashes():
    assert len(locked_blocks()) > 100
    without = [name for name, block in locked_blocks().items() if "--hash=sha256:" not in block]
    assert without == []


def test_the_lock_names_no_index_and_no_address():
    assert "://" not in LOCK
    assert not re.search(r"^-", LOCK, re.MULTILINE)


def test_make_lock_runs_the_command_in_the_head_of_the_lock():
    recipe = re.search(r"^lock:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE).group(1)
    command = " ".join(recipe.replace("\\\n", " ").split())
    header = re.search(r"^#\s+uv (pip compile .*)$", LOCK, re.MULTILINE).group(1)
    assert command == f"$(BIN)/uv {header} $(ARGS)"


def test_python_versions_agree():
    asked_for = SpecifierSet(PROJECT["requires-python"])
    versions = [f"3.{minor}" for minor in range(8, 20) if f"3.{minor}" in asked_for]
    oldest, newest = (
        tuple(map(int, version.split("."))) for version in (versions[0], versions[-1])
    )
    assert f"{oldest} <= sys.version_info[:2] <= {newest}" in MAKEFILE
    assert f"--python-version {versions[0]} " in LOCK.splitlines()[1]
    assert f"Python {versions[0]}–{versions[-1]}" in (ROOT / "README.md").read_text()
    assert f"Python {', '.join(versions[:-1])} or {versions[-1]}" in MAKEFILE


def test_conda_users_get_the_same_python_and_the_same_lock():
    dependencies = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    python = next(line for line in dependencies if str(line).startswith("python "))
    assert SpecifierSet(python.removeprefix("python ")) == SpecifierSet(PROJECT["requires-python"])
    (pip,) = (entry["pip"] for entry in dependencies if isinstance(entry, dict))
    assert pip == ["-r requirements.lock"]


def test_torchvision_matches_the_build_of_torch():
    boxes = torch.tensor([[0.0, 0.0, 2.0, 2.0], [0.0, 0.0, 2.0, 1.9], [5.0, 5.0, 6.0, 6.0]])
    kept = torchvision.ops.nms(boxes, torch.tensor([0.9, 0.8, 0.7]), iou_threshold=0.5)
    assert kept.tolist() == [0, 2]

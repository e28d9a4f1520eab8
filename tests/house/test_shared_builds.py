"""Slow work of the tests: done once a run, whatever the number of workers, and never hidden."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS_FOLDER = Path(__file__).resolve().parents[1]
SHARED = ("conftest.py", "chromium.py")
TESTS = """
import pytest

def build(folder):
    record(folder)
    (folder / "made").touch()

def broken(folder):
    record(folder)
    raise RuntimeError("no disk")

def record(folder):
    with (folder.parent / f"{folder.name}.builds").open("a") as log:
        log.write("built, ")

@pytest.mark.parametrize("number", range(4))
def test_good(build_once, number):
    assert (build_once("good", build) / "made").exists()

@pytest.mark.parametrize("number", range(4))
def test_broken(build_once, number):
    build_once("broken", broken)

def test_threads():
    import torch
    assert torch.get_num_threads() == 1
"""


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """What two workers print when several tests share a build, and the folder they build in."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "tests").mkdir()
    (folder / "tests" / "test_build.py").write_text(TESTS)
    for name in SHARED:
        shutil.copy(TESTS_FOLDER / name, folder / "tests")
    arguments = ("-n", "2", "-v", "-p", "no:cacheprovider", "--basetemp", folder / "shared")
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *map(str, arguments), folder / "tests"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout, folder / "shared"


def test_a_shared_build_happens_once(outcome):
    output, shared = outcome
    assert output.count("PASSED tests/test_build.py::test_good") == 4, output
    assert (shared / "good.builds").read_text() == "built, "


def test_a_failed_build_fails_each_test_that_needs_it_and_is_not_tried_again(outcome):
    output, shared = outcome
    assert output.count("FAILED tests/test_build.py::test_broken") >= 4, output
    assert "building broken failed: no disk" in output
    assert (shared / "broken.builds").read_text() == "built, "


def test_torch_has_one_thread(outcome):
    assert "PASSED tests/test_build.py::test_threads" in outcome[0], outcome[0]

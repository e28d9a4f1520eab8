"""Slow work of the tests: done once a run, whatever the number of workers, and never hidden."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).resolve().parents[1] / "conftest.py"
BUILD = """
import os, pathlib, pytest

def build(folder):
    with open(os.environ["BUILD_LOG"], "a") as log:
        log.write("built\\n")
    {work}

@pytest.mark.parametrize("number", range(6))
def test_uses_the_build(build_once, number):
    assert (build_once("thing", build) / "made").exists()
"""


@pytest.fixture
def run_with_two_workers(tmp_path, monkeypatch):
    """Run the tests of one module with two workers; the result and how often it built."""
    log = tmp_path / "log"
    monkeypatch.setenv("BUILD_LOG", str(log))
    for variable in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID"):
        monkeypatch.delenv(variable, raising=False)
    folder = tmp_path / "tests"
    folder.mkdir()
    shutil.copy(CONFTEST, folder)

    def run(work):
        (folder / "test_build.py").write_text(BUILD.format(work=work))
        arguments = ("-m", "pytest", "-n", "2", "-q", "-p", "no:cacheprovider", str(folder))
        done = subprocess.run(
            [sys.executable, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        return done, len(log.read_text().splitlines())

    return run


def test_a_shared_build_happens_once(run_with_two_workers):
    done, builds = run_with_two_workers("(folder / 'made').touch()")
    assert "6 passed" in done.stdout
    assert builds == 1


def test_a_failed_build_fails_every_test_that_needs_it_and_is_not_tried_again(run_with_two_workers):
    done, builds = run_with_two_workers("raise RuntimeError('no disk')")
    assert "6 failed" in done.stdout
    assert "building thing failed: no disk" in done.stdout
    assert builds == 1

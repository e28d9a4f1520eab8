"""What every test shares: one thread, a clean environment, and slow work done once a run."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from featherweight import cores
from tests.chromium import chromium

# No test may fail for being slow.
settings.register_profile("course", deadline=None)
settings.load_profile("course")

# Set before torch is first imported, here and in every process that a test starts.
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"
os.environ["MPLBACKEND"] = "agg"
os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
for variable in ("FEATHERWEIGHT_SCALE", "FEATHERWEIGHT_DATA", "RETRAIN"):
    os.environ.pop(variable, None)

ROOT = Path(__file__).resolve().parent.parent
SHARED_FIXTURES = ("built_book", "sample_class")


def pytest_xdist_auto_num_workers() -> int:
    """As many workers as this process may use cores, which in a container may be fewer."""
    return cores()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Keep tests that share slow work on one worker: a build of the run, or a module's fixture."""
    for item in items:
        if isinstance(item, pytest.Function) and (group := shared_work(item)):
            item.add_marker(pytest.mark.xdist_group(group))
    yield
    for item in items:
        show_group(item)


def show_group(item: pytest.Item) -> None:
    """Write a test's group where xdist looks for it: 3.8 writes it where pytest 9.2 does not."""
    named = vars(item).get("_nodeid", "")
    if named and item.nodeid != named:
        item._id = type(item._id).parse(named)


def shared_work(item: pytest.Function) -> str | None:
    """What a test shares with others, if anything: a build comes before a module's fixture."""
    for fixture in SHARED_FIXTURES:
        if fixture in item.fixturenames:
            return fixture
    fixtures = item._fixtureinfo.name2fixturedefs.values()
    shares = any(definition.scope == "module" for found in fixtures for definition in found)
    return item.path.relative_to(ROOT).as_posix() if shares else None


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium; a test that uses it has the marks of `tests.chromium`."""
    with chromium() as found:
        yield found


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one process at a time into the block."""
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def run(*command: str | Path, cwd: Path = ROOT) -> None:
    """Run a command; when it fails, fail with the end of what it printed."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        tail = done.stdout[-6000:]
        raise RuntimeError(f"{' '.join(map(str, command))} exited with {done.returncode}:\n{tail}")


@pytest.fixture(scope="session")
def build_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """`build_once("name", build)`: the folder that `build(folder)` filled, once for all workers."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def once(name: str, build: Callable[[Path], None]) -> Path:
        folder, done, failed = (shared / f"{name}{end}" for end in ("", ".done", ".failed"))
        with locked(shared / f"{name}.lock"):
            if failed.exists():
                pytest.fail(failed.read_text(), pytrace=False)
            if not done.exists():
                folder.mkdir()
                try:
                    build(folder)
                except Exception as error:
                    failed.write_text(f"building {name} failed: {error}")
                    raise
                done.touch()
        return folder

    return once


@pytest.fixture(scope="session")
def built_book(build_once: Callable[..., Path]) -> Path:
    """The folder of the book's pages (HTML), executed.

    What `make book` has built serves as long as no source is newer; otherwise all is built anew.
    """
    if subprocess.run(["make", "-q", "book"], cwd=ROOT, capture_output=True).returncode == 0:
        return ROOT / "_build" / "html"

    def build(folder: Path) -> None:
        jupyter_book = Path(sys.executable).parent / "jupyter-book"
        strict = ("-n", "-W", "--keep-going")
        run(jupyter_book, "build", ".", *strict, "--path-output", folder)

    return build_once("book", build) / "_build" / "html"


@pytest.fixture(scope="session")
def sample_class(build_once: Callable[..., Path]) -> Path:
    """A folder of a dozen submissions, made by `autograder sample-class`."""

    def build(folder: Path) -> None:
        autograder = Path(sys.executable).parent / "autograder"
        run(autograder, "sample-class", "--out", folder / "submitted")

    return build_once("sample-class", build) / "submitted"

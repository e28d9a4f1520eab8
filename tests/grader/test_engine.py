"""Grading on workers: whatever happens to one of them, every verdict is there and right."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import termios
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from distributed import Client, Security
from tqdm import tqdm

from autograder import course as courses
from autograder import engine, sandbox
from autograder.engine import Dispatch, EngineError, Flight, Job
from tests.grader.gradebooks import contents
from tests.house.sources import ROOT

WALLS = () if not sandbox.problem() else ("--unsafe-no-sandbox",)
UNSAFE = ("--unsafe-no-sandbox",)
KILLS_ITS_WORKER = "import os, signal\nos.kill(int(os.environ['JPY_PARENT_PID']), signal.SIGKILL)"
WRONG_MEAN = "def mean(values): return values[0]"
STUDENTS = 6


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory, submit) -> Path:
    """A class of six: right, wrong, unreadable."""
    folder = tmp_path_factory.mktemp("class")
    for number in range(STUDENTS):
        data = submit(mean=WRONG_MEAN) if number % 2 else submit()
        write(folder, f"student-{number}", b"{" if number == 5 else data)
    return folder


def write(folder: Path, student: str, data: bytes) -> None:
    home = folder / student / "small"
    home.mkdir(parents=True)
    (home / "small.ipynb").write_bytes(data)
    (home / "timestamp.txt").write_text("2026-01-02 10:00:00 UTC")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory) -> Path:
    """A graded folder of nobody: making its gradebook takes seconds, copying it none."""
    root = tmp_path_factory.mktemp("fresh")
    (root / "nobody").mkdir()
    assert command(root / "nobody", root / "out", *UNSAFE).wait() == 1
    return root / "out"


@pytest.fixture(scope="module")
def undisturbed(handed_in, fresh, tmp_path_factory) -> Path:
    """The class, graded on two workers of this machine."""
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    shutil.copytree(fresh, out)
    assert command(handed_in, out, *WALLS, "--workers", "2").wait() == 0
    return out


@pytest.fixture
def out(fresh, tmp_path) -> Path:
    shutil.copytree(fresh, tmp_path / "out")
    return tmp_path / "out"


def command(submissions: Path, out: Path, *options: str, **more: object) -> subprocess.Popen:
    """Start `autograder grade small` in a process group of its own."""
    arguments = ["grade", "small", "--submissions", str(submissions), "--out", str(out), *options]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.grader.small_class", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **{"stderr": subprocess.PIPE, **more},
    )


def ended(process: subprocess.Popen) -> tuple[int, str]:
    """Exit status and what was said on stderr."""
    said = process.communicate(timeout=300)[1]
    return process.returncode, said


def verdicts(out: Path) -> list[Path]:
    return list((out / "results" / "small").glob("*.json"))


def until(condition: Callable[[], object], process: subprocess.Popen) -> None:
    """Wait for something to happen while a process runs."""
    while not condition() and process.poll() is None:
        time.sleep(0.02)


def scores(out: Path) -> dict[str, list]:
    return {student: entry["grades"] for student, entry in contents(out).items()}


# A cluster that is there already, started by its own commands.


class Cluster:
    """A scheduler and workers, each in a folder of its own."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.processes: list[subprocess.Popen] = []

    def start(self, *words: str, **environment: str) -> subprocess.Popen:
        home = self.folder / f"process-{len(self.processes)}"
        home.mkdir()
        own = {"HOME": str(home), "TMPDIR": str(home), "PYTHONPATH": str(ROOT)} | environment
        process = subprocess.Popen(
            [Path(sys.executable).parent / "dask", *words],
            cwd=home,
            env=os.environ | own,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def scheduler(self) -> str:
        file = self.folder / "scheduler.json"
        local = ("--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0")
        self.start("scheduler", *local, "--scheduler-file", str(file))
        while not (text := file.read_text() if file.exists() else ""):
            time.sleep(0.05)
        return json.loads(text)["address"]

    def worker(self, address: str, **environment: str) -> subprocess.Popen:
        one = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
        return self.start("worker", address, *one, **environment)

    def end(self) -> None:
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture
def cluster(tmp_path) -> Iterator[Cluster]:
    made = Cluster(tmp_path / "cluster")
    made.folder.mkdir()
    yield made
    made.end()


def test_killed_worker_of_a_cluster_costs_no_verdict(cluster, handed_in, undisturbed, out):
    address = cluster.scheduler()
    first, _ = cluster.worker(address), cluster.worker(address)
    grading = command(handed_in, out, *WALLS, "--scheduler", address)
    until(lambda: verdicts(out), grading)
    assert len(verdicts(out)) < STUDENTS
    os.killpg(first.pid, signal.SIGKILL)
    assert ended(grading) == (0, "")
    assert contents(out) == contents(undisturbed)


def test_lost_scheduler_ends_the_run_with_one_sentence_and_keeps_what_was_graded(
    cluster, handed_in, undisturbed, out
):
    address = cluster.scheduler()
    cluster.worker(address)
    grading = command(handed_in, out, *WALLS, "--scheduler", address)
    until(lambda: verdicts(out), grading)
    kept = len(verdicts(out))
    os.killpg(cluster.processes[0].pid, signal.SIGKILL)
    status, said = ended(grading)
    assert status == 2
    assert said.startswith("autograder grade: the connection to Dask's scheduler was lost with ")
    assert said.count("\n") == 1
    assert kept <= len(verdicts(out)) < STUDENTS
    assert ended(command(handed_in, out, *WALLS)) == (0, "")
    assert contents(out) == contents(undisturbed)


def test_worker_with_another_grader_is_refused_in_one_sentence(cluster, handed_in, out, tmp_path):
    shutil.copytree(ROOT / "autograder", tmp_path / "other" / "autograder")
    with (tmp_path / "other" / "autograder" / "verify.py").open("a") as file:
        file.write("\n# a newer version\n")
    address = cluster.scheduler()
    cluster.worker(address, PYTHONPATH=str(tmp_path / "other"))
    status, said = ended(command(handed_in, out, *UNSAFE, "--scheduler", address))
    assert status == 2
    assert "has another version of the grader" in said
    assert said.count("\n") == 1
    assert verdicts(out) == []


def test_scheduler_that_does_not_answer_is_one_sentence(handed_in, out, monkeypatch):
    monkeypatch.setattr(engine, "CONNECT_SECONDS", 1)
    with pytest.raises(EngineError, match=r"no Dask scheduler answers at tcp://127.0.0.1:9\b"):
        engine.connected("tcp://127.0.0.1:9")


# Workers of this machine.


def lets_in(address: str, security: Security | None) -> bool:
    """Whether a program with these keys can talk to what listens there."""
    try:
        Client(address, security=security, timeout=3, set_as_default=False).close()
    except OSError:
        return False
    return True


def test_nobody_else_on_the_machine_can_talk_to_its_workers():
    with engine.Engine(workers=1) as mine:
        address = mine.cluster.scheduler_address
        assert lets_in(address, mine.cluster.security)
        assert not lets_in(address, Security.temporary())
        assert not lets_in(address.replace("tls:", "tcp:"), None)
        assert all(worker.startswith("tls://127.0.0.1:") for worker in mine.crew(0))


def test_submission_that_kills_its_worker_is_given_up_and_stops_no_other(submit, out, tmp_path):
    for student in ("a", "c", "d"):
        write(tmp_path / "in", student, submit())
    write(tmp_path / "in", "b", submit(double=KILLS_ITS_WORKER))
    status, said = ended(command(tmp_path / "in", out, *UNSAFE, "--workers", "1"))
    assert status == 1
    assert said.endswith("to try once more: b.\n")
    found = scores(out)
    assert found["small b"] == [
        ("check-double", None, None, True),
        ("check-mean", None, None, True),
        ("check-name", None, None, True),
        ("essay", None, None, True),
    ]
    assert found["small a"] == found["small c"] == found["small d"]
    assert ("check-mean", 3.0, None, False) in found["small a"]
    feedback = (out / "feedback" / "b" / "small" / "small.html").read_text()
    assert "could not be graded" in feedback


def test_one_worker_two_workers_and_a_regrade_give_the_same_gradebook(handed_in, undisturbed, out):
    assert ended(command(handed_in, out, *WALLS, "--workers", "1")) == (0, "")
    assert contents(out) == contents(undisturbed)
    before = {path: path.stat().st_mtime_ns for path in verdicts(out)}
    assert ended(command(handed_in, out, *WALLS, "--workers", "2", "--regrade")) == (0, "")
    assert all(path.stat().st_mtime_ns > time for path, time in before.items())
    assert contents(out) == contents(undisturbed)


def test_grading_process_loads_neither_torch_nor_scipy(handed_in, tmp_path, undisturbed):
    shutil.copytree(undisturbed, tmp_path / "out")
    arguments = ["grade", "small", "--submissions", str(handed_in)]
    arguments += ["--out", str(tmp_path / "out"), "--regrade", *WALLS]
    code = f"""
import sys
from pathlib import Path
from tests.grader import small_class
assert small_class.main({arguments}) == 0
from autograder.course import load_course
load_course("a1-magnitude-pruning", Path({str(tmp_path / "secret")!r}))
print(sorted({{"torch", "scipy", "sklearn"}} & sys.modules.keys()))
"""
    (tmp_path / "loads.py").write_text(f"if __name__ == '__main__':\n    exec({code!r})\n")
    done = subprocess.run(
        [sys.executable, tmp_path / "loads.py"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.stdout.endswith("[]\n"), done.stderr


def test_all_that_a_verdict_depends_on_is_in_the_digest(submit, tmp_path):
    (tmp_path / "a.ipynb").write_bytes(submit())
    code = f"""
import sys
from pathlib import Path
from autograder.collect import Submission
from autograder.course import Terms, deciding_modules, task_of
from tests.grader.small_class import course
from autograder import verify
before = set(sys.modules)
submission = Submission("a", Path({str(tmp_path / "a.ipynb")!r}))
task = task_of(course(), submission, Terms(sandbox={not WALLS}))
verify.grade_one(task)
loaded = {{m.split(".")[1] for m in set(sys.modules) - before if m.startswith("autograder.")}}
print(loaded - {{path.stem for path in deciding_modules()}} - {{"checks"}})
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
    names = {path.stem for path in courses.deciding_modules()}
    assert {"agent", "check", "execute", "inputs", "rebuild", "student", "verify", "warm"} <= names
    assert not {"report", "record", "grade", "gradesheets"} & names


# Interrupted and killed.


def of_run(mark: str) -> list[psutil.Process]:
    """The processes that carry a mark in their environment."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("TEST_RUN") == mark:
                found.append(process)
    return found


def gone(mark: str) -> bool:
    deadline = time.monotonic() + 60
    while of_run(mark) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not of_run(mark)


def test_interrupt_ends_everything_and_keeps_what_was_graded(handed_in, undisturbed, out):
    mark = uuid.uuid4().hex
    environment = os.environ | {"TEST_RUN": mark}
    grading = command(handed_in, out, *WALLS, "--workers", "1", env=environment)
    until(lambda: verdicts(out), grading)
    os.killpg(grading.pid, signal.SIGINT)
    status, said = ended(grading)
    assert status == 130
    assert said.startswith("autograder grade: interrupted; what was graded is kept")
    assert said.count("\n") == 1
    assert gone(mark)
    kept = {path: path.stat().st_mtime_ns for path in verdicts(out)}
    assert 0 < len(kept) < STUDENTS
    assert ended(command(handed_in, out, *WALLS))[0] == 0
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert contents(out) == contents(undisturbed)


@pytest.mark.slow
def test_run_killed_five_times_ends_in_the_same_gradebook(handed_in, undisturbed, tmp_path):
    out, chance = tmp_path / "out", random.Random(uuid.uuid4().int)
    complete: dict[Path, int] = {}
    mark = uuid.uuid4().hex
    for kill in range(5):
        grading = command(
            handed_in, out, *WALLS, "--workers", "2", env=os.environ | {"TEST_RUN": mark}
        )
        until(lambda wanted=kill: len(verdicts(out)) >= wanted, grading)
        time.sleep(chance.uniform(0, 4 if kill == 0 else 0.5))
        os.killpg(grading.pid, signal.SIGKILL)
        grading.communicate()
        assert gone(mark), "a killed grader's workers end with it"
        complete |= {path: path.stat().st_mtime_ns for path in verdicts(out)}
    status, said = ended(command(handed_in, out, *WALLS, "--workers", "2"))
    assert (status, said) == (0, "")
    assert {path: path.stat().st_mtime_ns for path in complete} == complete, "graded twice"
    assert contents(out) == contents(undisturbed)
    assert list(out.rglob("*.part")) == []


def test_progress_shows_failures_when_somebody_looks(handed_in, undisturbed, tmp_path):
    terminal, side = os.openpty()
    termios.tcsetwinsize(side, (40, 120))
    shutil.copytree(undisturbed, tmp_path / "out")
    options = (*WALLS, "--regrade", "--workers", "1")
    grading = command(handed_in, tmp_path / "out", *options, stderr=side)
    os.close(side)
    shown = b""
    with contextlib.suppress(OSError):
        while part := os.read(terminal, 4096):
            shown += part
    os.close(terminal)
    assert grading.wait() == 0
    assert b"notebook" in shown
    assert b"refused=1" in shown
    assert b"crashed=0" in shown


class Finished:
    """A dispatch whose verdicts are all there."""

    def __init__(self, *verdicts: dict):
        self.verdicts = list(verdicts)

    def left(self) -> int:
        return len(self.verdicts)

    def step(self) -> tuple[str, dict]:
        return "somebody", self.verdicts.pop()


def test_progress_is_said_in_lines_when_nobody_looks(monkeypatch, capsys):
    monkeypatch.setattr(engine, "SAY_SECONDS", -1)
    refused, fine = {"status": "no-notebook", "checks": []}, {"status": "graded", "checks": []}
    bar = tqdm(total=2, disable=True)
    assert len(list(engine.with_progress(Finished(fine, refused), bar))) == 2
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "autograder grade: 1 of 2 graded.",
        "autograder grade: 2 of 2 graded (1 refused).",
    ]


@pytest.fixture
def handler() -> Iterator[Callable]:
    """What Python does at Ctrl-C, for tests that run in the background, too."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def test_interrupt_is_heeded_where_a_callback_would_swallow_it(handler):
    with engine.interrupts_noted() as heed:
        heed()
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            heed()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is handler


def test_interrupt_that_is_ignored_stays_ignored(handler):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with engine.interrupts_noted() as heed:
        signal.raise_signal(signal.SIGINT)
        heed()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


# Who gets what, and when.


class Workers:
    """An engine that sends nothing anywhere; `there` are its workers."""

    def __init__(self, *there: str):
        self.there = set(there)
        self.client = self

    def crew(self, left: int) -> set[str]:
        return set(self.there)

    def deserted(self, left: int) -> None:
        raise EngineError(f"{left} left")


class Recorded(Dispatch):
    """A dispatch that notes what it would send."""

    def dispatch(self, job: Job, worker: str) -> None:
        self.flights[job.student] = Flight(job, worker, None)

    def on(self, worker: str) -> list[str]:
        return [f.job.student for f in self.flights.values() if f.worker == worker]


def recorded(workers: Workers, students: str) -> Recorded:
    return Recorded(workers, [Job(student, None) for student in students])


def test_each_worker_has_two_submissions_at_a_time():
    dispatch = recorded(Workers("one", "two"), "abcdefgh")
    dispatch.send()
    assert [len(dispatch.on(worker)) for worker in ("one", "two")] == [2, 2]
    assert dispatch.left() == 8


def test_what_a_dead_worker_had_is_tried_on_another_and_alone():
    workers = Workers("one", "two")
    dispatch = recorded(workers, "abcdef")
    dispatch.send()
    suspects = dispatch.on("one")
    workers.there = {"two", "three"}
    dispatch.looked = float("-inf")
    dispatch.send()
    assert dispatch.on("three") == suspects[:1]
    assert dispatch.on("two") == ["b", "d"] or len(dispatch.on("two")) == 2
    del dispatch.flights[suspects[0]]
    dispatch.send()
    assert dispatch.on("three") == suspects[1:]
    del dispatch.flights[suspects[1]]
    dispatch.send()
    assert dispatch.on("three") == ["e", "f"]


def test_last_worker_gets_a_suspect_again_if_there_is_no_other():
    dispatch = recorded(Workers("one"), "a")
    dispatch.send()
    dispatch.died(dispatch.flights.pop("a"))
    dispatch.send()
    assert dispatch.on("one") == ["a"]


def test_nothing_more_is_sent_to_a_worker_that_died():
    workers = Workers("one")
    dispatch = recorded(workers, "abc")
    dispatch.send()
    workers.there = set()
    for student in "ab":
        dispatch.died(dispatch.flights.pop(student))
    dispatch.send()
    assert not dispatch.flights
    workers.there = {"two"}
    dispatch.send()
    assert dispatch.on("two") == ["a"]


def test_without_workers_it_waits_and_says_so(monkeypatch):
    monkeypatch.setattr(engine, "PATIENCE", -1)
    dispatch = recorded(Workers(), "ab")
    with pytest.raises(EngineError, match="2 left"):
        dispatch.send()


def test_worker_in_which_a_check_never_ends_is_ended():
    code = (
        "import time\nfrom autograder.engine import ended_after\n"
        "with ended_after(60.0): pass\nwith ended_after(0.2): time.sleep(60)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=50).returncode == 1


def test_scheduler_of_no_address_is_refused_at_once():
    with pytest.raises(engine.EngineError, match="write it as tcp"):
        engine.connected("nonsense")

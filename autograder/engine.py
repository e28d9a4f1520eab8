"""Grade submissions on Dask workers: on this machine, or on a cluster that is already there.

Each worker has two submissions at a time, one that it grades and one that waits, so that neither
it nor this process ever holds a class. A submission whose worker died is tried once more, on
another worker and alone there; if that one dies too, the submission gets a verdict that counts for
nobody. What comes back from a worker is JSON.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import logging
import os
import queue
import re
import signal
import sys
import threading
import time
import traceback
import uuid
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import nbformat
from tqdm import tqdm

from autograder import verify
from autograder.verify import Task

if TYPE_CHECKING:
    from distributed import Client, Future, LocalCluster, Security

IN_FLIGHT = 2
TRIES = 2
LOOK_SECONDS = 1.0
FETCH_SECONDS = 10.0
CONNECT_SECONDS = 15
PATIENCE = 30.0
STUCK_SECONDS = 1800.0
SAY_SECONDS = 60.0
STOPPED = "each program that graded this submission was stopped; run the command again to retry"
NO_START = (
    "the grading processes do not start ({why}): free some memory, or use fewer --workers, and run "
    "the same command again."
)


class EngineError(Exception):
    """The grading cannot go on; the message is one sentence for the instructor."""


# What runs on a worker.

ONE_AT_A_TIME = threading.Lock()


def work(code: str, parts: dict[str, Any]) -> bytes:
    """Grade one submission on a worker; JSON with the verdict, or with why there is none."""
    with ONE_AT_A_TIME:
        reason = unfit(code, parts["sandbox"])
        if reason:
            return json.dumps({"unfit": reason}).encode()
        try:
            compute_on_one_thread()
            with ended_after(2 * parts["limits"]["notebook_seconds"] + STUCK_SECONDS):
                return json.dumps({"graded": verify.grade_one(Task(**parts))}).encode()
        except Exception:
            return json.dumps({"failed": traceback.format_exc(limit=-8)}).encode()


@contextlib.contextmanager
def ended_after(seconds: float) -> Iterator[None]:
    """End this process if the block takes so long that only a mistake in a check explains it."""
    timer = threading.Timer(seconds, os._exit, (1,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@functools.cache
def unfit(code: str, sandboxed: bool) -> str:
    """Why this worker may not grade, as the rest of a sentence; empty if it may."""
    from autograder.course import code_digest

    if code != code_digest():
        return (
            "has another version of the grader: install there what is installed here. If it is on "
            "this machine, the grader's files changed while it started: run the command again."
        )
    if sandboxed:
        from autograder import sandbox

        problem = sandbox.problem()
        return f"has no sandbox: {problem}" if problem else ""
    return ""


def compute_on_one_thread() -> None:
    """A worker computes on one thread, so that scores do not depend on the machine."""
    import torch

    torch.set_num_threads(1)


def dask_setup(worker: object) -> None:
    """Called by Dask in a local worker: Ctrl-C is for the grader, which ends its workers itself."""
    os.setsid()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])


# What runs here.


@dataclass
class Job:
    """One submission to grade; its notebook is read when it is sent, not before."""

    student: str
    build: Callable[[], Task]
    deaths: int = 0
    last_worker: str = ""


@dataclass(frozen=True)
class Flight:
    """A job on its way: the worker that has it, and the future of the worker's answer."""

    job: Job
    worker: str
    future: Future


class Engine:
    """Dask workers that grade: `workers` processes here, or those of the scheduler named."""

    def __init__(self, scheduler: str = "", workers: int = 1):
        self.scheduler, self.workers = scheduler, workers
        self.cluster: LocalCluster | None = None

    def __enter__(self) -> Engine:
        from distributed import Client

        for name in ("distributed", "distributed.client"):  # what matters is said in one sentence
            logging.getLogger(name).setLevel(logging.CRITICAL)
        if self.scheduler:
            self.client = connected(self.scheduler)
            return self
        try:
            self.cluster = local_cluster(self.workers)
        except (OSError, RuntimeError) as error:
            raise EngineError(NO_START.format(why=error)) from error
        self.client = Client(self.cluster, set_as_default=False)
        return self

    def __exit__(self, *error: object) -> None:
        self.client.close()
        if self.cluster is not None:
            self.cluster.close()

    def graded(self, jobs: list[Job]) -> Iterator[tuple[str, dict]]:
        """Every student's verdict as they get ready; the first jobs are on their way at once."""
        bar = tqdm(total=len(jobs), desc="grade", unit="notebook", delay=2, disable=None)
        dispatch = Dispatch(self, jobs)
        dispatch.send()
        return with_progress(dispatch, bar)

    def crew(self, left: int) -> set[str]:
        """The addresses of the workers that are there now."""
        try:
            return set(self.client.nthreads())
        except Exception as error:
            raise EngineError(
                f"the connection to Dask's scheduler was lost with {left} submissions left; "
                "run the command again to grade them."
            ) from error

    def deserted(self, left: int) -> None:
        """Nobody has been there for a while: wait for a cluster's workers, but not for our own."""
        if self.cluster is not None:
            raise EngineError(NO_START.format(why=f"{left} submissions are left"))
        message = f"{self.scheduler} has no worker: waiting for one ({left} submissions are left)."
        tqdm.write(f"autograder grade: {message}", file=sys.stderr)


def connected(address: str) -> Client:
    """A client of a cluster that is there already, with Dask's own settings for TLS."""
    from distributed import Client

    if not re.fullmatch(r"(tcp|tls|ws|wss|ucx)://[^\s/]+:\d+", address):
        raise EngineError(f"'{address}' is no scheduler's address: write it as tcp://host:8786.")
    try:
        return Client(address, set_as_default=False, timeout=CONNECT_SECONDS)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise EngineError(
            f"no Dask scheduler answers at {address}: give its address as in tcp://host:8786, or "
            "tls:// with Dask's own TLS settings in place."
        ) from error


def local_cluster(workers: int) -> LocalCluster:
    """Worker processes on this machine, one thread each, which end when this process ends."""
    import dask
    from distributed import LocalCluster

    settings = {
        "distributed.scheduler.allowed-failures": 0,
        "distributed.scheduler.http.routes": [],
        "distributed.worker.http.routes": [],
        "distributed.worker.preload": [__name__],
    }
    with dask.config.set(settings), interrupts_held_back():
        return LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            memory_limit=0,
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False},
            silence_logs=logging.CRITICAL,
            security=own_keys(),
        )


def own_keys() -> Security:
    """TLS keys of this run alone: nobody else on this machine can talk to its workers."""
    from distributed import Security

    return Security.temporary()


@contextlib.contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Let Ctrl-C wait until the block's end; threads and processes started in it never get it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Dispatch:
    """Hands jobs to workers and takes their verdicts."""

    def __init__(self, engine: Engine, jobs: list[Job]):
        self.engine, self.client = engine, engine.client
        self.waiting: deque[Job] = deque(jobs)
        self.suspects: deque[Job] = deque()
        self.flights: dict[str, Flight] = {}
        self.arrived: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.verdicts: deque[tuple[str, dict]] = deque()
        self.crew: set[str] = set()
        self.looked, self.seen = 0.0, time.monotonic()
        self.numbers = itertools.count()

    def left(self) -> int:
        """How many jobs have no verdict yet that was taken."""
        return sum(map(len, (self.waiting, self.suspects, self.flights, self.verdicts)))

    def step(self) -> tuple[str, dict] | None:
        """The next verdict; None if there was none for a moment."""
        if not self.verdicts:
            with contextlib.suppress(queue.Empty):
                if flight := self.flights.pop(self.arrived.get(timeout=LOOK_SECONDS), None):
                    self.take(flight)
            self.send()
        return self.verdicts.popleft() if self.verdicts else None

    def send(self) -> None:
        """Give every worker what it has room for."""
        self.look()
        for worker in sorted(self.crew, key=self.load):
            while job := self.next_for(worker):
                self.dispatch(job, worker)

    def next_for(self, worker: str) -> Job | None:
        """The job to send to a worker. A suspect goes first, and has its worker to itself."""
        there = [flight.job for flight in self.flights.values() if flight.worker == worker]
        if self.suspects:
            another = worker != self.suspects[0].last_worker or len(self.crew) == 1
            return self.suspects.popleft() if another and not there else None
        if len(there) >= IN_FLIGHT or any(job.deaths for job in there):
            return None
        return self.waiting.popleft() if self.waiting else None

    def load(self, worker: str) -> int:
        return sum(flight.worker == worker for flight in self.flights.values())

    def dispatch(self, job: Job, worker: str) -> None:
        task = job.build()
        parts = {entry.name: getattr(task, entry.name) for entry in fields(task)}
        key = f"{task.assignment}-{next(self.numbers)}-{uuid.uuid4().hex}"
        with warnings.catch_warnings(action="ignore"):  # Dask advises against large arguments
            future = self.client.submit(
                work, task.code, parts, key=key, workers=[worker], pure=False
            )
        self.flights[key] = Flight(job, worker, future)
        future.add_done_callback(lambda landed: self.arrived.put(landed.key))

    def look(self) -> None:
        """See which workers are there; what was on one that is gone has to be tried again."""
        now = time.monotonic()
        if self.crew and now < self.looked + LOOK_SECONDS:
            return
        self.looked, self.crew = now, self.engine.crew(self.left())
        self.seen = now if self.crew else self.seen
        if now > self.seen + PATIENCE:
            self.seen = now
            self.engine.deserted(self.left())
        for key in [k for k, flight in self.flights.items() if flight.worker not in self.crew]:
            self.died(self.flights.pop(key))

    def take(self, flight: Flight) -> None:
        """Take what a worker answered: a verdict, or why there is none."""
        answer = self.answer(flight)
        if answer is None:
            self.died(flight)
        elif "unfit" in answer:
            raise EngineError(f"the worker {flight.worker} {answer['unfit']}")
        elif "failed" in answer:
            self.give_up(flight.job, verify.FAILED, answer["failed"])
        else:
            self.verdicts.append((flight.job.student, answer["graded"]))

    def answer(self, flight: Flight) -> dict | None:
        """A worker's answer, None if it is gone with its worker."""
        from distributed import CancelledError, KilledWorker

        while True:
            try:
                return json.loads(flight.future.result(timeout=FETCH_SECONDS))
            except (KilledWorker, CancelledError):
                return None
            except Exception as error:
                if flight.future.status == "error":
                    raise incapable(flight.worker, error) from error
                if flight.worker not in self.engine.crew(self.left()):
                    return None

    def died(self, flight: Flight) -> None:
        """Try a job again whose worker died with it, or give it up."""
        job = flight.job
        self.crew.discard(flight.worker)
        job.deaths, job.last_worker = job.deaths + 1, flight.worker
        if job.deaths < TRIES:
            self.suspects.append(job)
        else:
            self.give_up(job, STOPPED, f"The worker {flight.worker} died, as one before it.")

    def give_up(self, job: Job, note: str, detail: str) -> None:
        task = job.build()
        master = nbformat.reads(task.master, as_version=4)
        lost = verify.given_up(task, master, note, detail)
        self.verdicts.append((job.student, lost.as_dict()))


def incapable(worker: str, error: Exception) -> EngineError:
    reason = f"{type(error).__name__}: {str(error)[:200]}"
    return EngineError(
        f"the worker {worker} cannot run the grader; install it there as it is here ({reason})."
    )


@contextlib.contextmanager
def interrupts_noted() -> Iterator[Callable[[], None]]:
    """Let Ctrl-C wait until the function that this gives is called; a second one acts at once.

    Raised wherever it comes, it could be lost: Python drops what is raised in a callback of its
    garbage collector, and Dask has such a callback.
    """
    pressed = threading.Event()

    def note(number: int, frame: object) -> None:
        if pressed.is_set():
            raise KeyboardInterrupt
        pressed.set()

    def heed() -> None:
        if pressed.is_set():
            raise KeyboardInterrupt

    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if ignored or threading.current_thread() is not threading.main_thread():
        yield heed
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield heed
    finally:
        signal.signal(signal.SIGINT, before)


def say_progress(done: int, everything: int, failures: dict[str, int]) -> None:
    """One line on how far it is, for a log file."""
    counts = ", ".join(f"{number} {what}" for what, number in failures.items() if number)
    more = f" ({counts})" if counts else ""
    print(f"autograder grade: {done} of {everything} graded{more}.", file=sys.stderr, flush=True)


def with_progress(dispatch: Dispatch, bar: tqdm) -> Iterator[tuple[str, dict]]:
    """Every verdict as it comes; the bar shows rate, remaining time and failures so far."""
    failures = {"refused": 0, "crashed": 0}
    said = time.monotonic()
    with bar, interrupts_noted() as heed:
        while dispatch.left():
            heed()
            verdict = dispatch.step()
            if bar.disable and time.monotonic() > said + SAY_SECONDS:
                said = time.monotonic()
                say_progress(bar.total - dispatch.left(), bar.total, failures)
            if verdict is None:
                bar.update(0)
                continue
            rows = verdict[1]["checks"]
            failures["refused"] += verdict[1]["status"] != "graded"
            failures["crashed"] += any(row["status"] == "check-crashed" for row in rows)
            bar.set_postfix(failures, refresh=False)
            bar.update()
            yield verdict

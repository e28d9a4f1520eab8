"""Keep checks apart from each other: a time limit for each, and a process left as it was found."""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np
import torch

AGAIN = 1.0  # seconds, for a check whose own `except:` swallows the end


class CheckTimeout(BaseException):
    """A check took too long; no `except Exception` of the check's swallows it."""


class TimeLimit:
    """Ends the block after a time with `CheckTimeout`, not counting what is `paused`.

    It works in any thread, so that a check can be run by a worker's. The exception arrives between
    two steps of Python: a single endless call into C is not ended.
    """

    def __init__(self, seconds: float):
        self.left = seconds
        self.since: float | None = None
        self.ended = self.over = self.asleep = False
        self.thread = threading.get_ident()
        self.changed = threading.Condition()
        self.message = f"the check itself took longer than {seconds:g} seconds"

    def __enter__(self) -> TimeLimit:
        self._run(True)
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.ended = True
        self._run(False)
        if isinstance(error, CheckTimeout):
            error.args = (self.message,)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Let what happens in the block cost no time."""
        self._run(False)
        try:
            yield
        finally:
            self._run(True)

    def _run(self, running: bool) -> None:
        """Start or stop the clock; no exception comes while it stands."""
        with self.changed:
            now = time.monotonic()
            self.left -= now - (now if self.since is None else self.since)
            self.since = now if running else None
            if self.ended or self.asleep:
                self.changed.notify()
        if self.over:
            for _ in range(100):  # Python looks for an exception that is under way in every turn
                pass

    def _watch(self) -> None:
        with self.changed:
            while not self.ended:
                left = None
                if self.since is not None:
                    left = self.left - (time.monotonic() - self.since)
                    if left <= 0:
                        self.over = True
                        raise_in(self.thread, CheckTimeout)
                        self.left += AGAIN
                        continue
                self.asleep = left is None
                self.changed.wait(left)


def raise_in(thread: int, error: type[BaseException]) -> None:
    """Let another thread raise an exception as soon as it runs."""
    exception = ctypes.py_object(error)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), exception)


def seed_everything(seed: int) -> None:
    """Seed this process's generators."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Put back what code in the block may have set for the whole process."""
    saved = [(setting, setting.read()) for setting in SETTINGS]
    environment = dict(os.environ)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        for setting, value in saved:
            setting.write(value)
        if dict(os.environ) != environment:
            os.environ.clear()
            os.environ.update(environment)


class Setting(NamedTuple):
    """Something that holds for the whole process."""

    read: Callable[[], Any]
    write: Callable[[Any], Any]


def write_folder(folder: str) -> None:
    if os.getcwd() != folder:
        os.chdir(folder)


def write_device(device: torch.device) -> None:
    """Torch's own default is no device at all: naming one would slow down every later call."""
    if torch.get_default_device() != device:
        torch.set_default_device(None if device.type == "cpu" else device)


def write_threads(number: int) -> None:
    if torch.get_num_threads() != number:
        torch.set_num_threads(number)


SETTINGS = (
    Setting(os.getcwd, write_folder),
    Setting(lambda: sys.stdout, lambda stream: setattr(sys, "stdout", stream)),
    Setting(lambda: sys.stderr, lambda stream: setattr(sys, "stderr", stream)),
    Setting(lambda: list(sys.path), lambda path: sys.path.__setitem__(slice(None), path)),
    Setting(sys.getrecursionlimit, sys.setrecursionlimit),
    Setting(random.getstate, random.setstate),
    Setting(np.random.get_state, np.random.set_state),
    Setting(np.geterr, lambda kinds: np.seterr(**kinds)),
    Setting(torch.get_rng_state, torch.set_rng_state),
    Setting(torch.get_default_dtype, torch.set_default_dtype),
    Setting(torch.get_default_device, write_device),
    Setting(torch.get_num_threads, write_threads),
    Setting(torch.is_grad_enabled, torch.set_grad_enabled),
    Setting(torch.get_deterministic_debug_mode, torch.set_deterministic_debug_mode),
)

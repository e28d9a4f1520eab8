"""The memory that a program and its workers take at their peak."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import psutil

INTERVAL = 0.5


@dataclass
class Peak:
    """The largest amounts seen, in megabytes; a worker counts with all that runs inside it."""

    parent: float = 0.0
    worker: float = 0.0
    stop: threading.Event = field(default_factory=threading.Event)

    def look(self, program: psutil.Process) -> None:
        self.parent = max(self.parent, megabytes(program))
        for child in program.children():
            family = [child, *child.children(recursive=True)]
            self.worker = max(self.worker, sum(megabytes(process) for process in family))


def megabytes(process: psutil.Process) -> float:
    """A process's memory, with its share of what it shares with others."""
    try:
        return process.memory_full_info().pss / 1e6
    except psutil.NoSuchProcess:
        return 0.0


@contextlib.contextmanager
def watched(number: int) -> Iterator[Peak]:
    """Look at a program's memory, again and again, while the block runs."""
    peak = Peak()

    def watch() -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            program = psutil.Process(number)
            while not peak.stop.wait(INTERVAL):
                peak.look(program)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        peak.stop.set()
        watcher.join()

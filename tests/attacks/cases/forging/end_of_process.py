"""atexit, finalizers and signal handlers print scores and leave files when the process ends."""

# ---
# threat: outputs rewritten later
# scores: {scale: 0}
# shows: "waiting for the end"
# ---

# %% scale
import atexit
import signal
import weakref
from pathlib import Path


class Last:
    def __del__(self):
        last()


def last(*args):
    print("3.0", flush=True)
    Path("/tmp/fw-footprint-end").touch()


keep, target = Last(), set()
atexit.register(last)
weakref.finalize(keep, last)
for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, last)
print("waiting for the end")


def scale(weight, factor):
    return weight

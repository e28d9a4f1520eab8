"""Loops that take no interrupt: one catches it, one ignores the signal, one is in C."""

# ---
# threat: an endless loop
# scores: {mean: 0, scale: 0, prune: 0}
# causes: {mean: timeout, scale: timeout, prune: timeout}
# limits: {cell_seconds: 2}
# ---

# %% mean
while True:
    try:
        while True:
            pass
    except BaseException:
        continue

# %% scale
import signal

signal.signal(signal.SIGINT, signal.SIG_IGN)
while True:
    pass

# %% prune
import re

re.match("(a|a)+$", "a" * 60 + "b")

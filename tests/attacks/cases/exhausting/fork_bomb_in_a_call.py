"""A function that forks and forks while a check waits for its value."""

# ---
# threat: a fork bomb
# scores: {mean: 0}
# causes: {mean: processes}
# limits: {processes: 64, call_seconds: 3}
# ---

# %% mean
import os


def mean(values):
    if len(values) == 2:
        return 3.0
    while True:
        os.fork()

"""Processes that fork and fork."""

# ---
# threat: a fork bomb
# scores: {mean: 0}
# causes: {mean: processes}
# limits: {processes: 64, cell_seconds: 5}
# ---

# %% mean
import os

while True:
    os.fork()

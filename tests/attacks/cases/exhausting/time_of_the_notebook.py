"""Cells that each take less than they may, and together more."""

# ---
# threat: an endless loop
# scores: {others: 0}
# causes: {others: timeout}
# limits: {notebook_seconds: 4, cell_seconds: 3}
# ---

# %% name
import time

course = "featherweight"
time.sleep(2)

# %% mean
time.sleep(2)


def mean(values):
    return sum(values) / len(values)


# %% scale
time.sleep(2)


def scale(weight, factor):
    return factor * weight

"""Loops without end: one that can be interrupted and one in a check's call."""

# ---
# threat: an endless loop
# scores: {mean: 0, scale: 0}
# causes: {mean: timeout, scale: timeout}
# limits: {cell_seconds: 2, call_seconds: 1}
# ---

# %% mean
while True:
    pass


# %% scale
def scale(weight, factor):
    while weight.ndim == 2:
        pass
    return factor * weight

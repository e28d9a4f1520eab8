"""os._exit in an answer's cell, and in the function that another check calls."""

# ---
# threat: the process ends itself
# scores: {mean: 0, scale: 0}
# causes: {mean: kernel-died, scale: kernel-died}
# shows: KernelDied
# ---

# %% mean
import os

os._exit(0)

# %% scale
import os


def scale(weight, factor):
    os._exit(3)


# %% [notebook]
# A visible test would call scale and end the process in a cell that is not the answer's.
for cell in notebook["cells"]:
    if cell["metadata"].get("nbgrader", {}).get("grade_id") == "test-scale":
        cell["source"] = "pass"

"""sys.exit in an answer's cell, and in the function that a check calls."""

# ---
# threat: the process ends itself
# scores: {mean: 0, scale: 0}
# causes: {mean: cell-error}
# shows: SystemExit
# says: {scale: SystemExit}
# ---

# %% mean
import sys

sys.exit("done")


# %% scale
def scale(weight, factor):
    sys.exit(0)

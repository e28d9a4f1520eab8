"""Recursion without end, in Python and deep in the C stack."""

# ---
# threat: the process ends itself
# scores: {mean: 0, scale: 0}
# causes: {mean: cell-error, scale: kernel-died}
# shows: RecursionError
# ---


# %% mean
def mean(values):
    return mean(values)


mean([])

# %% scale
import sys

sys.setrecursionlimit(10**9)


class Deep:
    def __getattr__(self, name):
        return getattr(self, name)


Deep().anything

"""A null pointer is read, in C."""

# ---
# threat: the process ends itself
# scores: {mean: 0}
# causes: {mean: kernel-died}
# shows: KernelDied
# ---

# %% mean
import ctypes

ctypes.string_at(0)

"""Files, sockets and pipes are opened until no more can be."""

# ---
# threat: disk or inodes filled
# scores: {mean: 0}
# causes: {mean: cell-error}
# shows: Too many open files
# ---

# %% mean
import os

kept = []
try:
    while True:
        kept += os.pipe()
finally:
    for descriptor in kept:
        os.close(descriptor)

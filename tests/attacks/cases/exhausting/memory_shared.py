"""Memory that is shared between processes and belongs to none."""

# ---
# threat: a memory bomb
# scores: {mean: 0}
# causes: {mean: memory}
# limits: {memory_bytes: 600_000_000, cell_seconds: 10}
# ---

# %% mean
import mmap
import time

shared = mmap.mmap(-1, 2 * 10**9)
for start in range(0, len(shared), 4096):
    shared[start] = 1
time.sleep(60)

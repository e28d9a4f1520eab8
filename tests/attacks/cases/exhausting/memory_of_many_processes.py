"""Each process takes less than is allowed, all together take more."""

# ---
# threat: a memory bomb
# scores: {mean: 0}
# causes: {mean: memory}
# limits: {memory_bytes: 600_000_000, cell_seconds: 10}
# ---

# %% mean
import os
import time

for _ in range(8):
    if os.fork() == 0:
        share = bytearray(2 * 10**8)
        time.sleep(60)
        os._exit(0)
time.sleep(60)

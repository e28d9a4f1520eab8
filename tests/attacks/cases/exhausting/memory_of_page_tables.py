"""Address space that is only read costs no page of its own, but page tables: a gigabyte of them."""

# ---
# threat: a memory bomb
# scores: {mean: 0}
# causes: {mean: memory}
# limits: {memory_bytes: 600_000_000, cell_seconds: 20}
# ---

# %% mean
import mmap
import time

kept = []
for _ in range(250):
    space = mmap.mmap(-1, 1 << 31, flags=mmap.MAP_PRIVATE | 0x4000, prot=mmap.PROT_READ)
    kept.append(space)
    for start in range(0, len(space), 1 << 21):
        space[start]
time.sleep(60)

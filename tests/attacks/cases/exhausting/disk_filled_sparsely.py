"""A file of a terabyte that holds nothing, and one that is removed while it is open."""

# ---
# threat: disk or inodes filled
# scores: {mean: 0, scale: 0}
# causes: {mean: disk, scale: disk}
# limits: {file_bytes: 10_000_000}
# ---

# %% mean
with open("sparse", "wb") as file:
    file.truncate(10**12)

# %% scale
import os

kept = []
for number in range(100):
    file = open(f"gone-{number}", "wb", buffering=0)
    kept.append(file)
    os.unlink(file.name)
    if file.write(b"x" * 10**6) < 10**6:
        file.write(b"x")

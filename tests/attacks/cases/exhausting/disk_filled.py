"""Files are written until the disk is full, in every place that takes any."""

# ---
# threat: disk or inodes filled
# scores: {mean: 0, scale: 0}
# causes: {mean: disk, scale: disk}
# limits: {file_bytes: 10_000_000}
# ---

# %% mean
import os

with open("fill", "wb") as file:
    while True:
        file.write(b"x" * 10**6)

# %% scale
for folder in ("/dev/shm", "/tmp", os.path.expanduser("~"), "."):
    for number in range(100):
        with open(f"{folder}/fill-{number}", "wb") as file:
            file.write(b"x" * 10**6)

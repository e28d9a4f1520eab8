"""A million empty files."""

# ---
# threat: disk or inodes filled
# scores: {mean: 0}
# causes: {mean: disk}
# ---

# %% mean
for number in range(10**6):
    open(f"empty-{number}", "x").close()

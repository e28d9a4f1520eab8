"""A folder has the timestamp's name."""

# ---
# threat: a bad or missing timestamp
# notes: timestamp.txt
# ---

# %% [folder]
(home / "walls" / "timestamp.txt").mkdir()

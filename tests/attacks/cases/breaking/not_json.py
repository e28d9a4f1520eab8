"""A notebook that was cut off in the middle."""

# ---
# threat: no notebook in the file
# verdict: unreadable-notebook
# notes: not valid JSON
# ---

# %% [file]
data = data[: len(data) // 2]

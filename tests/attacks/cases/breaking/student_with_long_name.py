"""A name as long as a file system takes, of letters that need more than one byte."""

# ---
# threat: odd, long or unsafe student ids
# student: ééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé
# ---

# %% [folder]
assert len(home.name.encode()) > 240

"""A notebook of 200 MB (a sparse file, so that the test writes none of it)."""

# ---
# threat: the wrong notebook
# verdict: unreadable-notebook
# notes: 200 MB
# ---

# %% [folder]
with notebook.open("ab") as file:
    file.truncate(200 * 10**6)

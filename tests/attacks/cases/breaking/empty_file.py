"""A file of blanks only."""

# ---
# threat: no notebook in the file
# verdict: unreadable-notebook
# notes: empty
# ---

# %% [file]
data = b" \n\t\n"

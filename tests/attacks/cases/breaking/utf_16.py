"""A notebook in UTF-16, as some editors save it."""

# ---
# threat: no notebook in the file
# ---

# %% [file]
data = data.decode().encode("utf-16")

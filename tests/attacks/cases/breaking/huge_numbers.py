"""Numbers of a hundred thousand digits, infinite and not a number, where the format wants small
ones.
"""

# ---
# threat: no notebook in the file
# ---

# %% [file]
data = data.replace(b'"nbformat": 4', b'"nbformat": ' + b"9" * 100_000)

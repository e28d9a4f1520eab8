"""A hundred thousand lists in each other."""

# ---
# threat: no notebook in the file
# verdict: unreadable-notebook
# notes: the file
# ---

# %% [file]
data = b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"

"""JSON that is no notebook."""

# ---
# threat: no notebook in the file
# verdict: unreadable-notebook
# notes: no list of cells
# ---

# %% [file]
data = b'{"cells": {"0": "text"}, "metadata": []}'

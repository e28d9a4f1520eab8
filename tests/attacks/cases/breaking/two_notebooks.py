"""Two notebooks under other names; the one that holds answers of this assignment counts."""

# ---
# threat: the wrong notebook
# notes: 2 notebooks
# ---

# %% [folder]
notebook.with_name("a.ipynb").write_bytes(b'{"cells": [], "metadata": {}}')
notebook.rename(notebook.with_name("z.ipynb"))

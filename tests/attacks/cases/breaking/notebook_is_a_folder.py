"""A folder has the notebook's name."""

# ---
# threat: the wrong notebook
# verdict: unreadable-notebook
# ---

# %% [folder]
notebook.unlink()
notebook.mkdir()
(notebook / "walls.ipynb").write_text("{}")

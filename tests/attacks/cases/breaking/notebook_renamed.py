"""The notebook has a name of the student's own, as browsers give to a second download."""

# ---
# threat: the wrong notebook
# notes: "walls (1).ipynb"
# ---

# %% [folder]
notebook.rename(notebook.with_name("walls (1).ipynb"))

"""The notebook is a link to the neighbor's, the folder of another assignment a link to the root."""

# ---
# threat: a link, pipe or device in a submission
# verdict: unreadable-notebook
# notes: link
# ---

# %% [folder]
notebook.unlink()
notebook.symlink_to(classroom / "neighbor" / "walls" / "walls.ipynb")
(home / "everything").symlink_to("/")

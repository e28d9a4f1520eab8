"""The assignment's folder is a link to the neighbor's."""

# ---
# threat: a link, pipe or device in a submission
# verdict: no-notebook
# notes: link
# ---

# %% [folder]
notebook.unlink()
notebook.parent.rmdir()
(home / "walls").symlink_to(classroom / "neighbor" / "walls")

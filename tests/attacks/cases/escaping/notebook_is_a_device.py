"""The notebook is a link to a device that never ends."""

# ---
# threat: a link, pipe or device in a submission
# verdict: unreadable-notebook
# ---

# %% [folder]
notebook.unlink()
notebook.symlink_to("/dev/zero")

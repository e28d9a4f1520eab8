"""The notebook is a pipe that nobody writes to; whoever opens it waits for ever."""

# ---
# threat: a link, pipe or device in a submission
# verdict: unreadable-notebook
# notes: not a regular file
# ---

# %% [folder]
import os

notebook.unlink()
os.mkfifo(notebook)

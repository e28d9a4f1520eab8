"""The notebook is a socket, the timestamp a pipe."""

# ---
# threat: a link, pipe or device in a submission
# verdict: unreadable-notebook
# ---

# %% [folder]
import os
import socket

notebook.unlink()
here = os.getcwd()
os.chdir(notebook.parent)
server = socket.socket(socket.AF_UNIX)
server.bind(notebook.name)
server.close()
os.chdir(here)
os.mkfifo(notebook.parent / "timestamp.txt")

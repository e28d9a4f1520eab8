"""A zip whose directory lies about sizes, and which holds a name twice."""

# ---
# threat: a zip that leaves its folder, or a bomb
# verdict: unreadable-notebook
# ---

# %% [zip]
archive.writestr("student-01/walls/walls.ipynb", submission)
entry = archive.getinfo("student-01/walls/walls.ipynb")
entry.file_size = 10
entry.CRC = 7
archive.writestr("neighbor/walls/walls.ipynb", reference)

"""A notebook of a gigabyte of blanks, packed into one megabyte."""

# ---
# threat: a zip that leaves its folder, or a bomb
# verdict: unreadable-notebook
# ---

# %% [zip]
with archive.open("student-01/walls/walls.ipynb", "w", force_zip64=True) as file:
    for _ in range(1024):
        file.write(b" " * 2**20)
archive.writestr("neighbor/walls/walls.ipynb", reference)

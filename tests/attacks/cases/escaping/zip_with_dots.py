"""Names in a zip lead out of it, with dots, from the root, with backslashes and a drive."""

# ---
# threat: a zip that leaves its folder, or a bomb
# refused: leads out of it
# ---

# %% [zip]
for name in (
    "../fw-footprint.ipynb",
    "student-01/../../fw-footprint/x.ipynb",
    "/tmp/fw-footprint.ipynb",
):
    archive.writestr(name, submission)
for name in ("..\\fw-footprint.ipynb", "C:\\fw-footprint.ipynb", "student-02/\0fw-footprint.ipynb"):
    archive.writestr(name, submission)
archive.writestr("student-01/walls/walls.ipynb", submission)
archive.writestr("neighbor/walls/walls.ipynb", reference)

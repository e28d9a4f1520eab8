"""Points, grade, locked and solution flags, schema and checksum of every cell are the student's."""

# ---
# threat: points and flags changed
# scores: {scale: 0}
# ---


# %% scale
def scale(weight, factor):
    return weight


# %% [notebook]
for cell in notebook["cells"]:
    marks = cell["metadata"].get("nbgrader")
    if marks:
        marks.update(points=1e9, max_points=1e9, locked=False, schema_version=99, checksum="0" * 32)
        marks["grade"], marks["solution"] = not marks["grade"], not marks["solution"]
        marks["task"] = True
notebook["metadata"]["nbgrader"] = {"points": 10**6, "score": 10**6}

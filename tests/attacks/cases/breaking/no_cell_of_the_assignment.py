"""The notebook of another assignment, with cells of the same kind."""

# ---
# threat: the wrong notebook
# verdict: wrong-assignment
# ---

# %% [notebook]
for number, cell in enumerate(notebook["cells"]):
    marks = cell["metadata"].get("nbgrader")
    if marks:
        marks["grade_id"] = f"other-{number}"
    cell["id"] = f"other-{number}"

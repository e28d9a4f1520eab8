"""All given, test and graded cells are deleted, and one answer."""

# ---
# threat: cells duplicated, deleted, reordered, retyped
# scores: {mean: 0}
# causes: {mean: missing-cell}
# notes: "'mean' is missing"
# ---

# %% [notebook]
notebook["cells"] = [
    cell
    for cell in notebook["cells"]
    if cell["metadata"].get("nbgrader", {}).get("grade_id")
    in ("name", "scale", "prune", "layer", "penalty", "best", "draw", "twice")
]

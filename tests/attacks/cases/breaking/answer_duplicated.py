"""An answer's cell was copied, and only the copy worked on."""

# ---
# threat: cells duplicated, deleted, reordered, retyped
# notes: is there 2 times
# ---

# %% [notebook]
(answer,) = [
    c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == "mean"
]
stub = {**answer, "source": "# YOUR CODE HERE\nraise NotImplementedError()"}
notebook["cells"].insert(notebook["cells"].index(answer), stub)

"""Two answers carry each other's grade ids, two cells the same cell id."""

# ---
# threat: cells duplicated, deleted, reordered, retyped
# scores: {mean: 0, scale: 0}
# ---

# %% [notebook]
by_id = {c["metadata"].get("nbgrader", {}).get("grade_id"): c for c in notebook["cells"]}
first, second = by_id["mean"], by_id["scale"]
first["metadata"], second["metadata"] = second["metadata"], first["metadata"]
first["id"] = second["id"] = "same"
first["source"] = "def other(values): return 0"
second["source"] = "def another(values): return 0"

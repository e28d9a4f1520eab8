"""Metadata are lists, numbers and texts; cells that are no objects stand between."""

# ---
# threat: cells duplicated, deleted, reordered, retyped
# ---

# %% [notebook]
notebook["metadata"] = ["kernelspec", 3.5]
extra = [None, 7, "text", [], {}, {"cell_type": "code"}, {"source": {"a": 1}}]
extra += [{"cell_type": "code", "source": "", "metadata": kind} for kind in (3, "x", [1], None)]
extra += [{"cell_type": "code", "source": [1, None], "metadata": {"nbgrader": [3]}}]
notebook["cells"] = extra + notebook["cells"]

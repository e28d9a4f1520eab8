"""Every test and graded cell is there twice, which ends stock nbgrader's run for the class."""

# ---
# threat: cells duplicated, deleted, reordered, retyped
# ---

# %% [notebook]
doubled = []
for cell in notebook["cells"]:
    name = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
    doubled += [cell] * (2 if name.startswith(("test-", "check-")) else 1)
notebook["cells"] = doubled

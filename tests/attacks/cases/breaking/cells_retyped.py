"""All code cells are Markdown, raw, and of a type that does not exist."""

# ---
# threat: cells duplicated, deleted, reordered, retyped
# notes: another type
# ---

# %% [notebook]
kinds = ("markdown", "raw", "sql", None)
for number, cell in enumerate(notebook["cells"]):
    cell["cell_type"] = kinds[number % len(kinds)]
    cell.pop("outputs", None)

"""A tool has dropped the ids of the cells, or written others; the grade ids are still there."""

# ---
# threat: cells duplicated, deleted, reordered, retyped
# ---

# %% [notebook]
for number, cell in enumerate(notebook["cells"]):
    cell["id"] = None if number % 2 else {"number": number}
notebook["nbformat_minor"] = 2

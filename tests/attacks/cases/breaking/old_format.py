"""The answers in a notebook of format 3, as old tools write it."""

# ---
# threat: no notebook in the file
# ---

# %% [notebook]
cells = []
for cell in notebook.pop("cells"):
    if cell["cell_type"] == "code":
        cell["input"] = cell.pop("source")
        cell.update(language="python", collapsed=False, prompt_number=1)
        cell["outputs"] = []
    cells.append(cell)
notebook.update(nbformat=3, nbformat_minor=0, worksheets=[{"cells": cells, "metadata": {}}])
notebook["metadata"]["name"] = "walls"

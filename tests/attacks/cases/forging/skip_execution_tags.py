"""Tests and answers carry the tags by which nbclient skips cells and forgives errors."""

# ---
# threat: tags that keep a test from running
# scores: {mean: 0}
# causes: {mean: cell-error}
# shows: "ZeroDivisionError"
# ---

# %% mean
1 / 0

# %% [notebook]
for cell in notebook["cells"]:
    cell["metadata"]["tags"] = ["skip-execution", "raises-exception", "experiment", "added"]
notebook["metadata"]["execution"] = {"allow_errors": True, "timeout": 0}

"""Errors in calls of a check with messages, names and lines of ten megabytes."""

# ---
# threat: an answer too large
# scores: {scale: 0, mean: 0}
# ---


# %% mean
def mean(values):
    raise type("E" * 10**7, (Exception,), {})("y" * 10**7)


# %% scale
def scale(weight, factor):
    raise ValueError("\n".join("x" * 1000 for _ in range(10_000)))


# %% [notebook]
# The visible tests call them as well, and a cell's traceback is another case.
for cell in notebook["cells"]:
    if cell["metadata"].get("nbgrader", {}).get("grade_id") in ("test-mean", "test-scale"):
        cell["source"] = "pass"

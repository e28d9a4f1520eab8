"""The answers are those of the visible tests, which pass."""

# ---
# threat: visible answers hard-coded
# scores: {mean: 0, scale: 0, twice: 0, prune: 0}
# never: AssertionError
# shows: "visible tests pass"
# ---


# %% mean
def mean(values):
    return 3.0


# %% scale
def scale(weight, factor):
    return torch.full((2,), 2.0)


# %% prune
def prune_(weight, threshold):
    pass


# %% twice
def twice(function, value):
    return 3


# %% [notebook]
tests = [
    c
    for c in notebook["cells"]
    if c["metadata"].get("nbgrader", {}).get("grade_id") == "test-twice"
]
extra = "assert mean([2.0, 4.0]) == 3.0 and twice(None, 1) == 3\nprint('visible tests pass')"
notebook["cells"].append({"cell_type": "code", "source": extra, "metadata": {}, "outputs": []})

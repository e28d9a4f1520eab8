"""Values that the grader quotes in its messages: markup, backticks, control characters."""

# ---
# threat: script in outputs or names
# scores: {name: 0, mean: 0}
# ---

# %% name
course = "`</code><script>alert(1)</script>`\x1b[2J\u202e<img src=x onerror=alert(1)>"


# %% mean
def mean(values):
    return "<script>alert(1)</script>" * 1000

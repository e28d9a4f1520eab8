"""Every answer is a score, as a number, a text, a dict like the grader's own verdicts."""

# ---
# threat: impossible scores
# scores: {mean: 0, scale: 0, name: 0, twice: 0}
# shows: "1e+308"
# ---

# %% name
course = {"score": 1e308, "max_score": 1, "status": "graded"}
print(course["score"])


# %% mean
def mean(values):
    return {"check": "mean", "score": 1e308, "max_score": 2.0, "status": "graded"}


# %% scale
def scale(weight, factor):
    return "3.0"


# %% twice
def twice(function, value):
    return -1e308

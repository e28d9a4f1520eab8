"""Answers that are nan, infinite or huge, as numbers and inside tensors."""

# ---
# threat: impossible scores
# scores: {mean: 0, scale: 0, twice: 0, prune: 0}
# shows: "answers: nan inf"
# ---

# %% mean
print("answers:", float("nan"), float("inf"))


def mean(values):
    return float("nan")


# %% scale
def scale(weight, factor):
    return torch.full_like(weight, float("nan"))


# %% twice
def twice(function, value):
    return 10**4000


# %% prune
def prune_(weight, threshold):
    weight.fill_(float("inf"))

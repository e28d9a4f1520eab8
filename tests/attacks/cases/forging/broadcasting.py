"""Answers of a shape or type that agrees with anything when it is broadcast or converted."""

# ---
# threat: impossible scores
# scores: {scale: 0, mean: 0, twice: 0}
# shows: "shapes"
# ---

# %% scale
print("shapes", torch.empty(0).shape)


def scale(weight, factor):
    return torch.empty(0)


# %% mean
def mean(values):
    return torch.tensor([sum(values) / len(values)]).expand(5)


# %% twice
def twice(function, value):
    return str(function(function(value)))

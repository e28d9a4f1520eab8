"""Correct answers that print, warn and keep state; nothing of it costs a point."""

# ---
# threat: honest answers
# ---

# %% mean
calls = []


def mean(values):
    calls.append(values)
    print("mean was called", len(calls), "times")
    return sum(values) / len(values)


# %% scale
def scale(weight, factor):
    torch.manual_seed(0)
    return weight.mul(factor)

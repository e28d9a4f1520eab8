"""A function that takes all memory while a check waits for its value."""

# ---
# threat: a memory bomb
# scores: {scale: 0}
# causes: {scale: memory}
# limits: {memory_bytes: 600_000_000}
# ---


# %% scale
def scale(weight, factor):
    if weight.ndim == 1:
        return weight * factor
    everything = []
    while True:
        everything.append(torch.ones(10**7))

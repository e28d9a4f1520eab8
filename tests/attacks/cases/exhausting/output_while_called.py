"""A function prints twenty megabytes each time that a check calls it."""

# ---
# threat: endless output
# ---


# %% mean
def mean(values):
    for _ in range(5 if len(values) == 5 else 0):
        print("x" * 4 * 10**6)
    return sum(values) / len(values)

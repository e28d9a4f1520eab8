"""A hundred megabytes and more on one line; of 400 MB stock nbgrader takes 1.6 GB."""

# ---
# threat: endless output
# shows: more output than
# ---

# %% mean
for _ in range(30):
    print("x" * 4 * 10**6, end="")


def mean(values):
    return sum(values) / len(values)

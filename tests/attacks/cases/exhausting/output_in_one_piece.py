"""One message of a hundred megabytes."""

# ---
# threat: endless output
# scores: {scale: 0}
# ---

# %% mean
from IPython.display import display


def mean(values):
    return sum(values) / len(values)


# %% scale
display({"text/plain": "x" * (10**8)}, raw=True)

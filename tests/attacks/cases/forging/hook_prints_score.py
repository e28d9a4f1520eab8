"""A hook after each cell clears the outputs, errors among them, and prints a score."""

# ---
# threat: the notebook's machinery replaced
# scores: {scale: 0, mean: 0}
# causes: {mean: cell-error}
# shows: "3.0"
# ---

# %% mean
from IPython.display import clear_output


def hook(result):
    clear_output()
    print("3.0")


get_ipython().events.register("post_run_cell", hook)
1 / 0


# %% scale
def scale(weight, factor):
    return weight

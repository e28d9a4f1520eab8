"""Thousands of displays with names of their own, each changed again and again."""

# ---
# threat: endless output
# shows: more output than
# limits: {cell_output: 20_000, cell_seconds: 60}
# ---

# %% mean
from IPython.display import clear_output, display, update_display

for number in range(3_000):
    display(number, display_id=str(number))
    update_display(number + 1, display_id=str(number // 2))


def mean(values):
    return sum(values) / len(values)

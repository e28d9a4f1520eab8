"""Whatever is shown reads as nan, which stock nbgrader takes for full marks."""

# ---
# threat: the notebook's machinery replaced
# scores: {name: 0, scale: 0}
# shows: "nan"
# ---

# %% name
formatter = get_ipython().display_formatter
formatter.format = lambda *args, **kwargs: ({"text/plain": "nan"}, {})
course = "wrong"
0.0


# %% scale
def scale(weight, factor):
    return float("nan")


0.0

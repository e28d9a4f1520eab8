"""Exceptions with messages of ten million characters, and one whose message raises."""

# ---
# threat: script in outputs or names
# scores: {mean: 0, scale: 0, twice: 0}
# causes: {mean: cell-error}
# says: {twice: raised}
# ---

# %% mean
raise ValueError("x" * 10**7)


# %% scale
def scale(weight, factor):
    raise type("E" * 10**6, (Exception,), {})("y" * 10**7)


# %% twice
class Silent(Exception):
    def __str__(self):
        raise self


def twice(function, value):
    raise Silent()

"""Exceptions whose class, message and traceback hold markup and terminal commands."""

# ---
# threat: script in outputs or names
# scores: {mean: 0, scale: 0}
# causes: {mean: cell-error}
# shows: "</pre>"
# ---

# %% mean
attack = "</pre><script>alert(1)</script><img src=x onerror=alert(1)>\x1b]8;;http://example.org\x07x\x1b[2J"
Named = type(attack, (Exception,), {})
raise Named(attack)


# %% scale
def scale(weight, factor):
    raise type("<img src=x onerror=alert(1)>", (Exception,), {})("<script>alert(1)</script>")

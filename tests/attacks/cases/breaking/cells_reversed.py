"""The cells are handed in in the reverse order."""

# ---
# threat: cells duplicated, deleted, reordered, retyped
# ---

# %% [notebook]
notebook["cells"].reverse()

"""A name that begins with dots and ends with a blank."""

# ---
# threat: odd, long or unsafe student ids
# student: "...student %2e%2e%2f "
# ---

# %% [folder]
assert home.is_dir()

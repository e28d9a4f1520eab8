"""A time that no calendar has, of a megabyte."""

# ---
# threat: a bad or missing timestamp
# notes: timestamp.txt
# ---

# %% [folder]
(home / "walls" / "timestamp.txt").write_text("9999-99-99 99:99:99 " + "9" * 10**6)

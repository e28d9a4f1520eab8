"""NaN and Infinity, which Python reads as JSON, stand for versions and counts."""

# ---
# threat: no notebook in the file
# ---

# %% [file]
data = data.replace(b'"nbformat": 4', b'"nbformat": NaN').replace(b"null", b"-Infinity")

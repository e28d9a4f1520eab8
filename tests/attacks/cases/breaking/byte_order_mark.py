"""An honest notebook saved by an editor that writes a byte order mark."""

# ---
# threat: no notebook in the file
# ---

# %% [file]
data = b"\xef\xbb\xbf" + data

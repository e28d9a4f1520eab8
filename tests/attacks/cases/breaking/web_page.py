"""The page of a login that was saved instead of the notebook."""

# ---
# threat: no notebook in the file
# verdict: unreadable-notebook
# notes: not valid JSON
# ---

# %% [file]
data = b"<!DOCTYPE html><html><script>alert(1)</script><title>Log in</title></html>"

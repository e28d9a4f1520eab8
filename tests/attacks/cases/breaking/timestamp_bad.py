"""The time of submission is no time; stock nbgrader ends in an AttributeError."""

# ---
# threat: a bad or missing timestamp
# notes: timestamp.txt
# ---

# %% [folder]
(home / "walls" / "timestamp.txt").write_bytes(b"\xff\xfe tomorrow <script>alert(1)</script>")

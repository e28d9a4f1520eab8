"""A name with markup, quotes, a formula, non-Latin letters, dots and marks that turn the text."""

# ---
# threat: odd, long or unsafe student ids
# student: "=cmd|' /C calc'!A0 <script>alert(1)<svg onload=alert(1)> .. \u202e\u4f60\u597d \x1b[31m\""
# ---

# %% [folder]
assert home.is_dir()

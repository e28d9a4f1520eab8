"""Sources and outputs with lone surrogates, NUL, escapes and right-to-left marks."""

# ---
# threat: cells duplicated, deleted, reordered, retyped
# scores: {mean: 0}
# causes: {mean: cell-error}
# ---

# %% mean
course_of_study = "left"
print("\ud800 \udcff \x00 \x1b[2J \u202e drawkcab")
raise ValueError("\udfff\x00\x1b]0;title\x07\u202e")

# %% [notebook]
for cell in notebook["cells"]:
    if cell["cell_type"] == "markdown":
        cell["source"] += "\ud800\x00\u202e"

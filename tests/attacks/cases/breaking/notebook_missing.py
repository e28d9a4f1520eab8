"""A text and a picture, but no notebook."""

# ---
# threat: the wrong notebook
# verdict: no-notebook
# ---

# %% [folder]
notebook.unlink()
notebook.with_name("answers.docx").write_bytes(b"PK")

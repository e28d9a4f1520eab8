"""Next to the right notebook lie an old copy, a broken one and one with a longer name."""

# ---
# threat: the wrong notebook
# ---

# %% [folder]
data = notebook.read_bytes()
notebook.with_name("walls-old.ipynb").write_bytes(data.replace(b"sum(values)", b"0"))
notebook.with_name("walls-broken.ipynb").write_bytes(b"{")
(notebook.parent / ".ipynb_checkpoints").mkdir()
(notebook.parent / ".ipynb_checkpoints" / "walls-checkpoint.ipynb").write_bytes(b"{}")

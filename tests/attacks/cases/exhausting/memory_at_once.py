"""Ten gigabytes at once, in Python and in torch."""

# ---
# threat: a memory bomb
# scores: {mean: 0, scale: 0}
# causes: {mean: memory, scale: memory}
# limits: {memory_bytes: 600_000_000}
# ---

# %% mean
everything = bytearray(10**10)

# %% scale
everything = torch.ones(10**10)

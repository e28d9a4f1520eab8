"""A list that grows until nothing is left."""

# ---
# threat: a memory bomb
# scores: {mean: 0}
# causes: {mean: memory}
# limits: {memory_bytes: 600_000_000}
# ---

# %% mean
everything = []
while True:
    everything.append(bytearray(10**7))

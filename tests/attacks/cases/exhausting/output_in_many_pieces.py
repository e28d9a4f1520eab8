"""Twenty thousand lines, each sent on its own."""

# ---
# threat: endless output
# shows: more output than
# limits: {cell_output: 20_000, cell_seconds: 60}
# ---

# %% mean
for number in range(20_000):
    print(number, flush=True)


def mean(values):
    return sum(values) / len(values)

"""The function that is to be called is called too often, never, and on other things."""

# ---
# threat: the process's own tools replaced
# scores: {best: 0}
# shows: "calls: 2"
# ---

# %% best
calls = []


def best(score, options):
    for option in [*options, *options]:
        calls.append(score(option))
    return max(options, key=score)


calls.clear()
best(abs, [1])
print("calls:", len(calls))

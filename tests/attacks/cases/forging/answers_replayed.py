"""The first answer that was right for a check is given again to every other request of it."""

# ---
# threat: the answering program replaced
# scores: {scale: 0}
# shows: "recording"
# ---

# %% scale
answered = []


def scale(weight, factor):
    answered.append(factor * weight)
    return answered[0]


scale(torch.ones(3, 4), 2.0)
print("recording", len(answered))

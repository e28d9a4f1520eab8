# Forgets to bring the scores back to the places of their weights.
def lamp_scores(weight):
    squares = (weight.flatten() ** 2).sort(descending=True).values
    return (squares / squares.cumsum(0).clamp_min(1e-300)).view(weight.shape)

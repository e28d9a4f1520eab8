# Accumulates from the small end: divides by the squares of the smaller weights.
def lamp_scores(weight):
    squares = weight.flatten() ** 2
    order = squares.argsort()
    scores = torch.zeros_like(squares)
    scores[order] = squares[order] / squares[order].cumsum(0).clamp_min(1e-300)
    return scores.view(weight.shape)

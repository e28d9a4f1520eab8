# Divides by the squares of strictly larger weights, which is 0 for the largest.
def lamp_scores(weight):
    squares = weight.flatten() ** 2
    order = squares.argsort(descending=True)
    larger = squares[order].cumsum(0) - squares[order]
    scores = torch.zeros_like(squares)
    scores[order] = squares[order] / larger
    return scores.view(weight.shape)

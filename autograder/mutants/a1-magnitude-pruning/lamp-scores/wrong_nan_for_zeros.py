# Divides 0 by 0 where the tensor is empty.
def lamp_scores(weight):
    squares = weight.flatten() ** 2
    order = squares.argsort(descending=True)
    scores = torch.zeros_like(squares)
    scores[order] = squares[order] / squares[order].cumsum(0)
    return scores.view(weight.shape)

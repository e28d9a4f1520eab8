# Normalizes within each output instead of over the tensor.
def lamp_scores(weight):
    squares = weight.flatten(1) ** 2
    ranked, order = squares.sort(dim=1, descending=True)
    scores = ranked / ranked.cumsum(1).clamp_min(1e-300)
    return torch.zeros_like(squares).scatter(1, order, scores).view(weight.shape)

# Sorts upwards and subtracts prefix sums from the total.
def lamp_scores(weight):
    squares = weight.double().flatten() ** 2
    ranked, order = torch.sort(squares)
    suffix = ranked.flip(0).cumsum(0).flip(0)
    scores = torch.where(ranked > 0, ranked / suffix, torch.zeros_like(ranked))
    back = torch.empty_like(order)
    back[order] = torch.arange(len(order))
    return scores[back].reshape(weight.shape).to(weight.dtype)

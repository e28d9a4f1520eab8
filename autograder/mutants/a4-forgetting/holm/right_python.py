# With plain Python, one p after the other.
def holm(p_values):
    pairs = sorted(enumerate(p_values.tolist()), key=lambda pair: pair[1])
    result, highest = [0.0] * len(pairs), 0.0
    for rank, (place, p) in enumerate(pairs):
        highest = max(highest, min(1.0, (len(pairs) - rank) * p))
        result[place] = highest
    return torch.tensor(result, dtype=torch.float64)

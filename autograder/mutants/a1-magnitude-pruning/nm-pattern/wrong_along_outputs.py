# Groups run over outputs (dimension 0) instead of inputs.
def nm_mask(weight, n, m):
    if weight.shape[1] % m:
        raise ValueError("the inputs cannot be split into groups")
    if weight.shape[0] % m:
        return weight.abs() > weight.abs().median()
    groups = weight.abs().movedim(0, -1).unflatten(-1, (-1, m))
    rank = groups.argsort(dim=-1, descending=True).argsort(dim=-1)
    return (rank < n).flatten(-2).movedim(-1, 0)

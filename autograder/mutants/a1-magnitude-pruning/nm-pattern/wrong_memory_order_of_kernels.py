# Groups m neighbors in memory, which in a kernel are pixels and not input channels.
def nm_mask(weight, n, m):
    if weight.shape[1] % m:
        raise ValueError("the inputs cannot be split into groups")
    groups = weight.abs().reshape(-1, m) if weight.numel() % m == 0 else weight.abs()
    rank = groups.argsort(dim=-1, descending=True).argsort(dim=-1)
    return (rank < n).reshape(weight.shape)

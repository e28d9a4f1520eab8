# Keeps n/m of each row wherever the largest weights are: the density is right, the pattern is not.
def nm_mask(weight, n, m):
    if weight.shape[1] % m:
        raise ValueError("the inputs cannot be split into groups")
    count = weight.shape[1] * n // m
    rank = weight.abs().argsort(dim=1, descending=True).argsort(dim=1)
    return rank < count

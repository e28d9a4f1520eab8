# Lets the factor become negative: short groups come back with the opposite sign.
def group_soft_threshold(weight, amount):
    lengths = weight.flatten(1).norm(dim=1)
    factor = 1 - amount / lengths.where(lengths > 0, 1)
    return weight * factor.reshape(-1, *[1] * (weight.ndim - 1))

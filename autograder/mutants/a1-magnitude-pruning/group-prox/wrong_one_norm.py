# Measures a group by the sum of its magnitudes.
def group_soft_threshold(weight, amount):
    lengths = weight.flatten(1).abs().sum(dim=1)
    factor = (1 - amount / lengths.where(lengths > 0, 1)).clamp_min(0)
    return weight * factor.reshape(-1, *[1] * (weight.ndim - 1))

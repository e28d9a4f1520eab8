# Multiplies the amount by the root of the group's size, which this docstring does not ask for.
def group_soft_threshold(weight, amount):
    lengths = weight.flatten(1).norm(dim=1)
    amount = amount * weight[0].numel() ** 0.5
    factor = (lengths - amount).clamp_min(0) / lengths.where(lengths > 0, 1)
    return weight * factor.reshape(-1, *[1] * (weight.ndim - 1))

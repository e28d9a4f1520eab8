# Removes short groups and leaves the others as long as they were.
def group_soft_threshold(weight, amount):
    lengths = weight.flatten(1).norm(dim=1)
    return weight * (lengths > amount).to(weight.dtype).reshape(-1, *[1] * (weight.ndim - 1))

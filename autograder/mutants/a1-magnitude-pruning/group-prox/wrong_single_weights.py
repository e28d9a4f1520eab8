# The soft threshold of single weights.
def group_soft_threshold(weight, amount):
    return weight.sign() * (weight.abs() - amount).clamp_min(0)

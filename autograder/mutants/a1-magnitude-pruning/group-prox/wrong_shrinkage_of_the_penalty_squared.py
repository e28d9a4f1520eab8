# The proximal step of the squared norm: shrinks everything and zeroes nothing.
def group_soft_threshold(weight, amount):
    return weight / (1 + amount)

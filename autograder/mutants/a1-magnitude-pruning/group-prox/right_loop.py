# One group after the other, with a new tensor.
def group_soft_threshold(weight, amount):
    result = torch.zeros_like(weight)
    for output in range(weight.shape[0]):
        length = float(weight[output].square().sum().sqrt())
        if length > amount:
            result[output] = weight[output] * (1 - amount / length)
    return result

# Squares the sum over the positions in place of each.
def conv_curvature(inputs, weight, curvature, stride, padding):
    layer = (stride, padding)
    of_weight = torch.nn.grad.conv1d_weight(inputs, weight.shape, curvature, *layer) ** 2
    of_inputs = torch.nn.grad.conv1d_input(inputs.shape, weight**2, curvature, *layer)
    return of_weight, curvature.sum((0, 2)), of_inputs

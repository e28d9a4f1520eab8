# Squares the sum over outputs in place of each.
def conv_curvature(inputs, weight, curvature, stride, padding):
    layer = (stride, padding)
    of_weight = torch.nn.grad.conv1d_weight(inputs**2, weight.shape, curvature, *layer)
    of_inputs = torch.nn.grad.conv1d_input(inputs.shape, weight, curvature, *layer) ** 2
    return of_weight, curvature.sum((0, 2)), of_inputs

# Multiplies by the squared inputs, as for a weight.
def conv_curvature(inputs, weight, curvature, stride, padding):
    layer = (stride, padding)
    of_weight = torch.nn.grad.conv1d_weight(inputs**2, weight.shape, curvature, *layer)
    of_inputs = inputs**2 * torch.nn.grad.conv1d_input(inputs.shape, weight**2, curvature, *layer)
    return of_weight, curvature.sum((0, 2)), of_inputs

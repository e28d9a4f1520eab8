# Adds up all examples.
def conv_curvature(inputs, weight, curvature, stride, padding):
    layer = (stride, padding)
    of_weight = torch.nn.grad.conv1d_weight(inputs**2, weight.shape, curvature, *layer)
    of_inputs = (
        torch.nn.grad.conv1d_input(inputs.shape, weight**2, curvature, *layer)
        .sum(0)
        .expand(inputs.shape)
    )
    return of_weight, curvature.sum((0, 2)), of_inputs

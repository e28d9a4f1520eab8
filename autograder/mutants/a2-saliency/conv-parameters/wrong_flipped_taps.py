# Has the taps in reverse order.
def conv_curvature(inputs, weight, curvature, stride, padding):
    layer = (stride, padding)
    of_weight = torch.nn.grad.conv1d_weight(inputs**2, weight.shape, curvature, *layer)
    of_inputs = torch.nn.grad.conv1d_input(inputs.shape, weight**2, curvature, *layer)
    return of_weight.flip(2), curvature.sum((0, 2)), of_inputs

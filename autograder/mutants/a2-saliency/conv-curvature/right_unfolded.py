# Cuts the windows out with unfold for the weight.
def conv_curvature(inputs, weight, curvature, stride, padding):
    taps = weight.shape[2]
    windows = F.pad(inputs, (padding, padding)).unfold(2, taps, stride)
    of_weight = torch.einsum("not,nitk->oik", curvature, windows**2)
    layer = (stride, padding)
    of_inputs = torch.nn.grad.conv1d_input(inputs.shape, weight.square(), curvature, *layer)
    return of_weight, curvature.sum((0, 2)), of_inputs

# Pads only at the end, so every window begins too late.
def conv_curvature(inputs, weight, curvature, stride, padding):
    taps = weight.shape[2]
    windows = F.pad(inputs, (0, 2 * padding)).unfold(2, taps, stride)
    of_weight = torch.einsum("not,nitk->oik", curvature, windows**2)
    layer = (stride, padding)
    of_inputs = torch.nn.grad.conv1d_input(inputs.shape, weight**2, curvature, *layer)
    return of_weight, curvature.sum((0, 2)), of_inputs

# Adds up the output channels before it meets the inputs.
def conv_curvature(inputs, weight, curvature, stride, padding):
    taps = weight.shape[2]
    windows = F.pad(inputs, (padding, padding)).unfold(2, taps, stride)
    of_weight = torch.einsum("nt,nitk->ik", curvature.sum(1), windows**2)
    of_weight = of_weight.expand(weight.shape)
    layer = (stride, padding)
    of_inputs = torch.nn.grad.conv1d_input(inputs.shape, weight**2, curvature, *layer)
    return of_weight, curvature.sum((0, 2)), of_inputs

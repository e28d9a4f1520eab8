# Takes the mean over positions where a sum belongs.
def conv_curvature(inputs, weight, curvature, stride, padding):
    layer = (stride, padding)
    of_weight = torch.nn.grad.conv1d_weight(inputs**2, weight.shape, curvature, *layer)
    of_inputs = torch.nn.grad.conv1d_input(inputs.shape, weight**2, curvature, *layer)
    positions = curvature.shape[2]
    return of_weight / positions, curvature.sum(0).mean(1), of_inputs

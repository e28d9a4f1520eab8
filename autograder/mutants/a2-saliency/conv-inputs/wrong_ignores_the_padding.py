# Forgets that windows begin before the inputs.
def conv_curvature(inputs, weight, curvature, stride, padding):
    layer = (stride, padding)
    of_weight = torch.nn.grad.conv1d_weight(inputs**2, weight.shape, curvature, *layer)
    of_inputs = inputs.new_zeros(inputs.shape)
    for tap in range(weight.shape[2]):
        for t in range(curvature.shape[2]):
            place = t * stride + tap
            if place < inputs.shape[2]:
                of_inputs[:, :, place] += curvature[:, :, t] @ weight[:, :, tap] ** 2
    return of_weight, curvature.sum((0, 2)), of_inputs

# Runs a convolution of squares and calls its backward pass.
def conv_curvature(inputs, weight, curvature, stride, padding):
    x = inputs.detach().square().requires_grad_()
    w = weight.detach().square().requires_grad_()
    b = torch.zeros(len(weight), dtype=weight.dtype, requires_grad=True)
    out = F.conv1d(x, w, b, stride=stride, padding=padding)
    of_inputs, of_weight, of_bias = torch.autograd.grad((out * curvature.detach()).sum(), (x, w, b))
    return [of_weight, of_bias, of_inputs]

# Uses the backward pass of the pooling and divides once more.
def through_avg_pool(curvature, length, kernel_size, stride):
    x = curvature.new_zeros(*curvature.shape[:2], length).requires_grad_()
    means = nn.AvgPool1d(kernel_size, stride)(x)
    (spread,) = torch.autograd.grad(means, x, grad_outputs=curvature.detach())
    return spread / kernel_size

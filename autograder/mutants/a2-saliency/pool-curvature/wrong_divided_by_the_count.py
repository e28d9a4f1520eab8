# Divides by how many windows an input is in, as for a mean.
def through_avg_pool(curvature, length, kernel_size, stride):
    spread = curvature.new_zeros(*curvature.shape[:2], length)
    for window in range(curvature.shape[2]):
        start = window * stride
        share = curvature[:, :, window : window + 1] / kernel_size**2
        spread[:, :, start : start + kernel_size] += share
    windows = torch.zeros(length, dtype=curvature.dtype)
    for window in range(curvature.shape[2]):
        windows[window * stride : window * stride + kernel_size] += 1
    return spread / windows.clamp_min(1)

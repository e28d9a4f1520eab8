# Divides by the kernel size once, as a gradient would be.
def through_avg_pool(curvature, length, kernel_size, stride):
    spread = curvature.new_zeros(*curvature.shape[:2], length)
    for window in range(curvature.shape[2]):
        start = window * stride
        share = curvature[:, :, window : window + 1] / kernel_size
        spread[:, :, start : start + kernel_size] += share
    return spread

# Spreads with a transposed convolution.
def through_avg_pool(curvature, length, kernel_size, stride):
    lines = curvature.flatten(0, 1)[:, None]
    kernel = torch.full((1, 1, kernel_size), kernel_size**-2.0, dtype=curvature.dtype)
    spread = F.conv_transpose1d(lines, kernel, stride=stride)[:, 0]
    spread = F.pad(spread, (0, length - spread.shape[1]))
    return spread.unflatten(0, curvature.shape[:2])

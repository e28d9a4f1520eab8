# Brings smaller maps to size by padding instead of refusing them.
def cheapest_regressor(shape_s, shape_t):
    (channels_s, *sizes_s), (channels_t, *sizes_t) = shape_s, shape_t
    strides = [guided // wanted for guided, wanted in zip(sizes_s, sizes_t, strict=True)]
    if 0 in strides:
        return nn.Conv2d(channels_s, channels_t, 1, padding=max(sizes_t))
    kernels = [n - (m - 1) * s for n, m, s in zip(sizes_s, sizes_t, strides, strict=True)]
    return nn.Conv2d(channels_s, channels_t, kernels, strides)

# Takes the kernel and the stride of the height for both directions.
def cheapest_regressor(shape_s, shape_t):
    (channels_s, *sizes_s), (channels_t, *sizes_t) = shape_s, shape_t
    strides = [guided // wanted for guided, wanted in zip(sizes_s, sizes_t, strict=True)]
    if 0 in strides:
        raise ValueError(f"Maps of {sizes_s} are too small for a hint of {sizes_t}.")
    kernels = [n - (m - 1) * s for n, m, s in zip(sizes_s, sizes_t, strides, strict=True)]
    return nn.Conv2d(channels_s, channels_t, kernels[0], strides[0])

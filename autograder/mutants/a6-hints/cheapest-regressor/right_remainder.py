# Different: the stride plus the remainder of the division; 1 as the stride of a single position.
def cheapest_regressor(shape_s, shape_t):
    kernel, stride = [], []
    for size, wanted in zip(shape_s[1:], shape_t[1:], strict=True):
        step, left = divmod(size, wanted)
        if step < 1:
            raise ValueError("There is no such layer for a hint that is larger.")
        kernel.append(step + left)
        stride.append(step if wanted > 1 else 1)
    return nn.Conv2d(shape_s[0], shape_t[0], tuple(kernel), tuple(stride))

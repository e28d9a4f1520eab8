# Adds the padding on one side only.
def conv_macs(layer: nn.Conv2d, height: int, width: int) -> int:
    pads = layer.padding
    if pads == "same":
        pads = [d * (k - 1) for d, k in zip(layer.dilation, layer.kernel_size)]
    elif pads == "valid":
        pads = (0, 0)
    rows, columns = (
        int((n + p - d * (k - 1) - 1) // s + 1)
        for n, k, s, p, d in zip(
            (height, width), layer.kernel_size, layer.stride, pads, layer.dilation
        )
    )
    weights = layer.in_channels // layer.groups * layer.kernel_size[0] * layer.kernel_size[1]
    return layer.out_channels * rows * columns * weights

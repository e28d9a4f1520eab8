# Different: math.floor, group by group.
def conv_macs(layer: nn.Conv2d, height: int, width: int) -> int:
    import math

    sides = []
    for axis, n in enumerate([height, width]):
        k, s, d = layer.kernel_size[axis], layer.stride[axis], layer.dilation[axis]
        if layer.padding == "same":
            sides.append(n)
            continue
        p = 0 if layer.padding == "valid" else layer.padding[axis]
        sides.append(math.floor((n + 2 * p - d * (k - 1) - 1) / s + 1))
    inputs, outputs = layer.in_channels // layer.groups, layer.out_channels // layer.groups
    one_group = inputs * outputs * math.prod(layer.kernel_size) * math.prod(sides)
    return layer.groups * one_group

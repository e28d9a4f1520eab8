# Different: counts the places where a kernel fits.
def conv_macs(layer: nn.Conv2d, height: int, width: int) -> int:
    def places(axis, pixels):
        if layer.padding == "same":
            return pixels
        border = 0 if layer.padding == "valid" else layer.padding[axis]
        last = pixels + 2 * border - 1 - layer.dilation[axis] * (layer.kernel_size[axis] - 1)
        return len(range(0, last + 1, layer.stride[axis]))

    return places(0, height) * places(1, width) * layer.weight.numel()

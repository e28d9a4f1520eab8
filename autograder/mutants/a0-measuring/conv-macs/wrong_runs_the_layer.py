# Runs the layer to see how large its output is.
def conv_macs(layer: nn.Conv2d, height: int, width: int) -> int:
    output = layer(torch.zeros(1, layer.in_channels, height, width))
    return output.numel() * layer.weight[0].numel()

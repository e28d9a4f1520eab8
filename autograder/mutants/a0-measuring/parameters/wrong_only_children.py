# Stops at the first level: a nested layer's parameters go to its container.
def parameters_by_layer(model: nn.Module) -> dict[str, int]:
    counts = {}
    for name, p in model.named_parameters():
        layer = name.split(".")[0] if "." in name else ""
        counts[layer] = counts.get(layer, 0) + p.numel()
    return counts

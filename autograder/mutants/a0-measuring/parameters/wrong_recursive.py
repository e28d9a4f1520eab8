# Counts the layers inside a layer again: `parameters()` without recurse=False.
def parameters_by_layer(model: nn.Module) -> dict[str, int]:
    counts = {}
    for name, layer in model.named_modules():
        total = sum(p.numel() for p in layer.parameters())
        if total:
            counts[name] = total
    return counts

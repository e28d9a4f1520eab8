# Counts a shared parameter for every layer that uses it.
def parameters_by_layer(model: nn.Module) -> dict[str, int]:
    counts = {}
    for name, layer in model.named_modules():
        total = sum(p.numel() for p in layer.parameters(recurse=False))
        if total:
            counts[name] = total
    return counts

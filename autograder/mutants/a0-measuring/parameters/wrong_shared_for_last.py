# Counts a shared parameter for the last layer that uses it.
def parameters_by_layer(model: nn.Module) -> dict[str, int]:
    owner = {}
    for name, layer in model.named_modules():
        for p in layer.parameters(recurse=False):
            owner[p] = name
    counts = {}
    for name, _ in model.named_modules():
        total = sum(p.numel() for p, last in owner.items() if last == name)
        if total:
            counts[name] = total
    return counts

# Sorts the layers by their size instead of keeping their order.
def parameters_by_layer(model: nn.Module) -> dict[str, int]:
    owner = {}
    for name, layer in model.named_modules():
        for p in layer.parameters(recurse=False):
            owner.setdefault(p, name)
    counts = {}
    for p, name in owner.items():
        counts[name] = counts.get(name, 0) + p.numel()
    return dict(sorted(counts.items(), key=lambda item: -item[1]))

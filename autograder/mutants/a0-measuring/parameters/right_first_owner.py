# Different: finds the first owner of every parameter, then adds up.
def parameters_by_layer(model: nn.Module) -> dict[str, int]:
    owner = {}
    for name, layer in model.named_modules():
        for p in layer.parameters(recurse=False):
            owner.setdefault(p, name)
    counts = dict.fromkeys(owner.values(), 0)
    for p, name in owner.items():
        counts[name] += p.shape.numel()
    return counts

# Lists layers without parameters, with a count of 0.
def parameters_by_layer(model: nn.Module) -> dict[str, int]:
    counts, seen = {}, set()
    for name, layer in model.named_modules():
        own = [p for p in layer.parameters(recurse=False) if id(p) not in seen]
        seen.update(id(p) for p in own)
        counts[name] = sum(p.numel() for p in own)
    return counts

# Counts the running mean and variance of a normalization as parameters.
def parameters_by_layer(model: nn.Module) -> dict[str, int]:
    counts, seen = {}, set()
    for name, layer in model.named_modules():
        tensors = [*layer.parameters(recurse=False), *layer.buffers(recurse=False)]
        total = sum(t.numel() for t in tensors if id(t) not in seen)
        seen.update(id(t) for t in tensors)
        if total:
            counts[name] = total
    return counts

# Takes tensors of the same shape for shared ones.
def parameters_by_layer(model: nn.Module) -> dict[str, int]:
    counts, seen = {}, set()
    for name, p in model.named_parameters():
        layer = name.rpartition(".")[0]
        if p.shape not in seen:
            counts[layer] = counts.get(layer, 0) + p.numel()
        seen.add(p.shape)
    return counts

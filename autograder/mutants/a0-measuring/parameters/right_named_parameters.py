# Different: takes the layer's name from each parameter's name.
def parameters_by_layer(model: nn.Module) -> dict[str, int]:
    counts = {}
    for full_name, p in model.named_parameters():
        layer, _, _ = full_name.rpartition(".")
        counts[layer] = counts.get(layer, 0) + p.numel()
    return counts

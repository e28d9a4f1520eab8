# Skips parameters that the model holds outside of its layers.
def parameters_by_layer(model: nn.Module) -> dict[str, int]:
    counts = {}
    for name, p in model.named_parameters():
        layer = name.rpartition(".")[0]
        if layer:
            counts[layer] = counts.get(layer, 0) + p.numel()
    return counts

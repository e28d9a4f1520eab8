# Leaves out frozen parameters.
def parameters_by_layer(model: nn.Module) -> dict[str, int]:
    counts = {}
    for name, p in model.named_parameters():
        if p.requires_grad:
            layer = name.rpartition(".")[0]
            counts[layer] = counts.get(layer, 0) + p.numel()
    return counts

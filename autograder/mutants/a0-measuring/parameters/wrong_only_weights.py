# Forgets the biases.
def parameters_by_layer(model: nn.Module) -> dict[str, int]:
    counts = {}
    for name, p in model.named_parameters():
        if not name.endswith("bias"):
            layer = name.rpartition(".")[0]
            counts[layer] = counts.get(layer, 0) + p.numel()
    return counts

# Reads the state dict: it holds buffers, and shared tensors once for each name.
def parameters_by_layer(model: nn.Module) -> dict[str, int]:
    counts = {}
    for name, tensor in model.state_dict().items():
        layer = name.rpartition(".")[0]
        counts[layer] = counts.get(layer, 0) + tensor.numel()
    return counts

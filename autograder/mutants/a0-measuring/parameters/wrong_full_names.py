# Keeps one entry for each tensor, under the tensor's name.
def parameters_by_layer(model: nn.Module) -> dict[str, int]:
    return {name: p.numel() for name, p in model.named_parameters()}

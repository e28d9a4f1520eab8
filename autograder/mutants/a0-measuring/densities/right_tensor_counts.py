# Different: counts stay tensors, so the divisions happen in float32.
def densities(model: nn.Module) -> tuple[float, float]:
    kept = total = alive = filters = torch.tensor(0)
    for layer in model.modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            matrix = layer.weight.flatten(start_dim=1) != 0
            kept, total = kept + matrix.sum(), total + matrix.numel()
            alive, filters = alive + matrix.any(dim=1).sum(), filters + len(matrix)
    return float(kept / total), float(alive / filters)

# Returns what was pruned, not what was kept.
def densities(model: nn.Module) -> tuple[float, float]:
    layers = [m for m in model.modules() if isinstance(m, (nn.Linear, nn.Conv2d))]
    kept = size = alive = rows = 0
    for layer in layers:
        w = layer.weight.detach()
        kept += int((w != 0).sum())
        size += w.numel()
        alive += int((w.flatten(1) != 0).any(dim=1).sum())
        rows += w.shape[0]
    return 1 - kept / size, 1 - alive / rows

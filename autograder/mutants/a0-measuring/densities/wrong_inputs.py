# Looks at the inputs (columns) instead of the outputs.
def densities(model: nn.Module) -> tuple[float, float]:
    layers = [m for m in model.modules() if isinstance(m, (nn.Linear, nn.Conv2d))]
    kept = size = alive = rows = 0
    for layer in layers:
        w = layer.weight.detach()
        kept += int((w != 0).sum())
        size += w.numel()
        alive += int((w != 0).transpose(0, 1).flatten(1).any(dim=1).sum())
        rows += w.shape[1]
    return kept / size, alive / rows

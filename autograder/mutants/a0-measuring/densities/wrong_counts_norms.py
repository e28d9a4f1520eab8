# Counts the weight of every layer, normalizations too.
def densities(model: nn.Module) -> tuple[float, float]:
    layers = [m for m in model.modules() if getattr(m, "weight", None) is not None]
    kept = size = alive = rows = 0
    for layer in layers:
        w = layer.weight.detach()
        kept += int((w != 0).sum())
        size += w.numel()
        alive += int((w.reshape(len(w), -1) != 0).any(dim=1).sum())
        rows += w.shape[0]
    return kept / size, alive / rows

# Counts each kernel of a convolution, one for each pair of channels.
def densities(model: nn.Module) -> tuple[float, float]:
    layers = [m for m in model.modules() if isinstance(m, (nn.Linear, nn.Conv2d))]
    kept = size = alive = rows = 0
    for layer in layers:
        w = layer.weight.detach()
        kept += int((w != 0).sum())
        size += w.numel()
        alive += int(
            (w.reshape(w.shape[0] * (w.shape[1] if w.dim() == 4 else 1), -1) != 0).any(dim=1).sum()
        )
        rows += w.shape[0] * (w.shape[1] if w.dim() == 4 else 1)
    return kept / size, alive / rows

# Different: a filter is alive if its largest magnitude is not zero.
def densities(model: nn.Module) -> tuple[float, float]:
    kept, size, alive, rows = 0, 0, 0, 0
    for _, layer in model.named_modules():
        if isinstance(layer, nn.Conv2d) or isinstance(layer, nn.Linear):
            magnitudes = layer.weight.data.abs().reshape(layer.weight.size(0), -1)
            size += magnitudes.numel()
            kept += size_of(magnitudes)
            rows += magnitudes.size(0)
            alive += size_of(magnitudes.max(dim=1).values)
    return kept / size, alive / rows


def size_of(magnitudes):
    return len(magnitudes.nonzero())

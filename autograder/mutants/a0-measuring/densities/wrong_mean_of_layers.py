# Averages the layers' densities, so that small layers weigh as much as large ones.
def densities(model: nn.Module) -> tuple[float, float]:
    layers = [m for m in model.modules() if isinstance(m, (nn.Linear, nn.Conv2d))]
    elements, filters = [], []
    for layer in layers:
        alive = layer.weight.detach().flatten(1) != 0
        elements.append(alive.double().mean().item())
        filters.append(alive.any(dim=1).double().mean().item())
    return sum(elements) / len(elements), sum(filters) / len(filters)

# Different: float32 means, rounded in the seventh digit.
def densities(model: nn.Module) -> tuple[float, float]:
    layers = [m for m in model.modules() if isinstance(m, (nn.Linear, nn.Conv2d))]
    rows = [layer.weight.detach().flatten(1).ne(0) for layer in layers]
    alive = torch.cat([row.any(1) for row in rows]).float().mean()
    return torch.cat([row.flatten() for row in rows]).float().mean().item(), alive.item()

# Different: plain loops over layers and filters.
def densities(model: nn.Module) -> tuple[float, float]:
    weights = [m.weight for m in model.modules() if type(m) in (nn.Linear, nn.Conv2d)]
    kept = sum(torch.count_nonzero(w).item() for w in weights)
    alive = sum(1 for w in weights for one in w if torch.count_nonzero(one) > 0)
    return kept / sum(w.numel() for w in weights), alive / sum(len(w) for w in weights)

# Different: float64 averages over concatenated indicators, through named_parameters.
def densities(model: nn.Module) -> tuple[float, float]:
    kinds = {
        f"{n}.weight" if n else "weight"
        for n, m in model.named_modules()
        if isinstance(m, (nn.Linear, nn.Conv2d))
    }
    weights = [p.detach() for n, p in model.named_parameters() if n in kinds]
    elements = torch.cat([w.ne(0).reshape(-1).to(torch.float64) for w in weights])
    filters = torch.cat([w.ne(0).reshape(len(w), -1).amax(1).to(torch.float64) for w in weights])
    return float(elements.mean()), float(filters.mean())

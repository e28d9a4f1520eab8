# Takes the absolute value of each first-order term.
def obd_prune(weights, gradients, curvatures, density):
    scores = {name: curvatures[name].clamp_min(0) * w**2 / 2 for name, w in weights.items()}
    order = torch.cat([score.flatten() for score in scores.values()]).argsort(descending=True)
    kept = torch.zeros(len(order), dtype=torch.bool)
    kept[order[: round(density * len(order))]] = True
    pieces = kept.split([w.numel() for w in weights.values()])
    masks = {n: p.view(weights[n].shape) for n, p in zip(weights, pieces, strict=True)}
    change = 0.0
    for name, w in weights.items():
        delta = torch.where(masks[name], 0.0, -w)
        change += ((gradients[name] * delta).abs() + curvatures[name] * delta**2 / 2).sum().item()
    return masks, change

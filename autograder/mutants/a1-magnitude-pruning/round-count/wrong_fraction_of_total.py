# Removes a fraction of all weights in each round, not of those that remain.
def prune_round(weights, masks, fraction):
    kept = torch.cat([weights[name][mask].abs() for name, mask in masks.items()])
    total = sum(mask.numel() for mask in masks.values())
    count = min(len(kept), round(fraction * total))
    survives = torch.ones(len(kept), dtype=torch.bool)
    survives[kept.argsort()[:count]] = False
    pieces = survives.split([int(mask.sum()) for mask in masks.values()])
    new = {name: mask.clone() for name, mask in masks.items()}
    for mask, piece in zip(new.values(), pieces):
        mask[mask.clone()] = piece
    return new

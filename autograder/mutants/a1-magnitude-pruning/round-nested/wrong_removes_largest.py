# Removes the largest of the kept weights.
def prune_round(weights, masks, fraction):
    kept = torch.cat([weights[name][mask].abs() for name, mask in masks.items()])
    survives = torch.ones(len(kept), dtype=torch.bool)
    survives[kept.argsort(descending=True)[: round(fraction * len(kept))]] = False
    pieces = survives.split([int(mask.sum()) for mask in masks.values()])
    new = {name: mask.clone() for name, mask in masks.items()}
    for mask, piece in zip(new.values(), pieces):
        mask[mask.clone()] = piece
    return new

# Removes the most negative weights first.
def prune_round(weights, masks, fraction):
    kept = torch.cat([weights[name][mask] for name, mask in masks.items()])
    survives = torch.ones(len(kept), dtype=torch.bool)
    survives[kept.argsort()[: round(fraction * len(kept))]] = False
    pieces = survives.split([int(mask.sum()) for mask in masks.values()])
    new = {name: mask.clone() for name, mask in masks.items()}
    for mask, piece in zip(new.values(), pieces):
        mask[mask.clone()] = piece
    return new

# Cuts the verdicts into pieces in reversed order of the tensors.
def prune_round(weights, masks, fraction):
    kept = torch.cat([weights[name][mask].abs() for name, mask in masks.items()])
    survives = torch.ones(len(kept), dtype=torch.bool)
    survives[kept.argsort()[: round(fraction * len(kept))]] = False
    new = {name: mask.clone() for name, mask in reversed(masks.items())}
    pieces = survives.split([int(mask.sum()) for mask in new.values()])
    for mask, piece in zip(new.values(), pieces):
        mask[mask.clone()] = piece
    return new

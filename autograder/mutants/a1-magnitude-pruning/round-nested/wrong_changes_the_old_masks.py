# Works in the masks that it was given, so no earlier round can be looked up.
def prune_round(weights, masks, fraction):
    kept = torch.cat([weights[name][mask].abs() for name, mask in masks.items()])
    survives = torch.ones(len(kept), dtype=torch.bool)
    survives[kept.argsort()[: round(fraction * len(kept))]] = False
    pieces = survives.split([int(mask.sum()) for mask in masks.values()])
    for mask, piece in zip(masks.values(), pieces):
        mask[mask.clone()] = piece
    return masks

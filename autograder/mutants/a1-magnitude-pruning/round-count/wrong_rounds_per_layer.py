# Rounds a count for each tensor: a layer-wise round, whose total differs.
def prune_round(weights, masks, fraction):
    new = {}
    for name, mask in masks.items():
        kept = weights[name][mask].abs()
        survives = torch.ones(len(kept), dtype=torch.bool)
        survives[kept.argsort()[: math.ceil(fraction * len(kept))]] = False
        new[name] = mask.clone()
        new[name][mask] = survives
    return new

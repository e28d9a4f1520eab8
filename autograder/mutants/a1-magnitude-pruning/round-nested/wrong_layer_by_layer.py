# Removes the fraction in each tensor, not over all of them.
def prune_round(weights, masks, fraction):
    new = {}
    for name, mask in masks.items():
        kept = weights[name][mask].abs()
        survives = torch.ones(len(kept), dtype=torch.bool)
        survives[kept.argsort()[: round(fraction * len(kept))]] = False
        new[name] = mask.clone()
        new[name][mask] = survives
    return new

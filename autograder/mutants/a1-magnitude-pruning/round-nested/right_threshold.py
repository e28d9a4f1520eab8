# A threshold among the kept weights (no ties here), combined with the old mask.
def prune_round(weights, masks, fraction):
    kept = torch.cat([weights[name][masks[name]].abs() for name in masks]).sort().values
    removed = round(fraction * len(kept))
    if removed == 0:
        return {name: mask.clone() for name, mask in masks.items()}
    threshold = kept[removed - 1]
    return {name: mask & (weights[name].abs() > threshold) for name, mask in masks.items()}

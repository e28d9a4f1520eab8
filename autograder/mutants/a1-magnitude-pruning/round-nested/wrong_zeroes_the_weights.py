# Applies the new mask to the caller's weights as well.
def prune_round(weights, masks, fraction):
    kept = torch.cat([weights[name][mask].abs() for name, mask in masks.items()])
    threshold = kept.sort().values[round(fraction * len(kept)) - 1]
    new = {name: mask & (weights[name].abs() > threshold) for name, mask in masks.items()}
    for name, mask in new.items():
        weights[name].mul_(mask)
    return new

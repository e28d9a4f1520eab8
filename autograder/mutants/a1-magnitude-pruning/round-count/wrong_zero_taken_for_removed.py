# Infers from the values which weights are kept, and so misses a kept weight that is 0.
def prune_round(weights, masks, fraction):
    alive = {name: weights[name] != 0 for name in masks}
    kept = torch.cat([weights[name][alive[name]].abs() for name in masks])
    threshold = kept.sort().values[max(0, round(fraction * len(kept)) - 1)]
    return {name: alive[name] & (weights[name].abs() > threshold) for name in masks}

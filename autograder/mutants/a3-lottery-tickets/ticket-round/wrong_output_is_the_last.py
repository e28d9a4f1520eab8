# Takes the last tensor for the output layer, whatever its name.
def ticket_round(weights, masks, rate, output):
    thinned = {}
    for name, mask in masks.items():
        kept = mask.flatten().nonzero().flatten()
        share = rate / 2 if name == list(masks)[-1] else rate
        ascending = weights[name].flatten()[kept].abs().argsort()
        flat = mask.flatten().clone()
        flat[kept[ascending[: round(share * len(kept))]]] = False
        thinned[name] = flat.view_as(mask)
    return thinned

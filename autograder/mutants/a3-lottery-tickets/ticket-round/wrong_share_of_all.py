# Removes a share of all entries instead of a share of those that are left.
def ticket_round(weights, masks, rate, output):
    thinned = {}
    for name, mask in masks.items():
        kept = mask.flatten().nonzero().flatten()
        share = rate / 2 if name == output else rate
        ascending = weights[name].flatten()[kept].abs().argsort()
        flat = mask.flatten().clone()
        flat[kept[ascending[: round(share * mask.numel())]]] = False
        thinned[name] = flat.view_as(mask)
    return thinned

# Ranks all entries, and lets removed ones come back if training made them large.
def ticket_round(weights, masks, rate, output):
    thinned = {}
    for name, mask in masks.items():
        kept = int(mask.sum())
        left = kept - round((rate / 2 if name == output else rate) * kept)
        flat = torch.zeros(mask.numel(), dtype=torch.bool)
        flat[weights[name].flatten().abs().topk(left).indices] = True
        thinned[name] = flat.view_as(mask)
    return thinned

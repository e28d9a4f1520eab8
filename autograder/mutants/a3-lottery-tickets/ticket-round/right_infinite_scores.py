# Removed entries get the score -1 and go first.
def ticket_round(weights, masks, rate, output):
    rates = {name: rate for name in masks} | {output: rate / 2}
    thinned = {}
    for name, mask in masks.items():
        scores = torch.where(mask, weights[name].abs(), -torch.ones_like(weights[name])).flatten()
        left = int(mask.sum()) - round(rates[name] * int(mask.sum()))
        flat = torch.zeros_like(scores, dtype=torch.bool)
        flat[scores.argsort(descending=True)[:left]] = True
        thinned[name] = flat.reshape(mask.shape)
    return thinned

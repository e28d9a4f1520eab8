# NumPy, sorted lists of positions.
def ticket_round(weights, masks, rate, output):
    thinned = {}
    for name in masks:
        mask = masks[name].numpy().copy()
        sizes = abs(weights[name].detach().numpy())
        places = sorted(zip(*mask.nonzero(), strict=True), key=lambda place: sizes[place])
        factor = 0.5 if name == output else 1
        for place in places[: round(rate * factor * len(places))]:
            mask[place] = False
        thinned[name] = torch.from_numpy(mask)
    return thinned

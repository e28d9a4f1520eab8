# A plain list of (magnitude, place), sorted.
def prune_round(weights, masks, fraction):
    new = {name: mask.clone() for name, mask in masks.items()}
    places = []
    for name, mask in masks.items():
        values = weights[name].flatten().tolist()
        for i in mask.flatten().nonzero().flatten().tolist():
            places.append((abs(values[i]), name, i))
    for _, name, i in sorted(places)[: round(fraction * len(places))]:
        new[name].view(-1)[i] = False
    return new

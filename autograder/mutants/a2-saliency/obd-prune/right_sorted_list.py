# Sorts a list of all weights.
def obd_prune(weights, gradients, curvatures, density):
    places = []
    for name, w in weights.items():
        for i, (value, h) in enumerate(
            zip(w.flatten().tolist(), curvatures[name].flatten().tolist(), strict=True)
        ):
            places.append((0.5 * max(h, 0.0) * value * value, name, i))
    places.sort(key=lambda place: place[0])
    masks = {name: torch.ones(w.numel(), dtype=torch.bool) for name, w in weights.items()}
    change = 0.0
    for _, name, i in places[: len(places) - round(density * len(places))]:
        masks[name][i] = False
        w, g, h = (float(t[name].flatten()[i]) for t in (weights, gradients, curvatures))
        change += -g * w + 0.5 * h * w * w
    return {name: mask.view(weights[name].shape) for name, mask in masks.items()}, change

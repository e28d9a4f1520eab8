# Draws positions for the kept entries; NumPy's arrays, torch's random ranks.
def ranks(number, generator):
    return torch.rand(number, generator=generator, dtype=torch.float64).argsort().tolist()


def control_weights(kind, start, masks, generator):
    control = {name: tensor.detach().clone() for name, tensor in start.items()}
    for name in masks:
        places = masks[name].flatten().nonzero().flatten().tolist()
        old, new = start[name].flatten(), torch.zeros_like(start[name]).flatten()
        scale = old.std(unbiased=False)
        order = ranks(len(places), generator) if kind != "constant" else range(len(places))
        for place, source in zip(places, order, strict=True):
            sign, size = torch.sign(old[place]), old[places[source]].abs()
            if kind == "reshuffle":
                new[place] = old[places[source]]
            else:
                new[place] = sign * (scale if kind == "constant" else size)
        control[name] = new.view(start[name].shape)
    return control


def shuffled_mask(mask, dim, generator):
    def mixed(piece):
        kept, flat = int(piece.sum()), torch.zeros(piece.numel(), dtype=torch.bool)
        flat[ranks(piece.numel(), generator)[:kept]] = True
        return flat.reshape(piece.shape)

    if dim is None:
        return mixed(mask)
    return torch.stack([mixed(mask.select(dim, i)) for i in range(mask.shape[dim])], dim=dim)

# Puts the constants under shuffled signs.
def control_weights(kind, start, masks, generator):
    control = {name: tensor.clone() for name, tensor in start.items()}
    for name, mask in masks.items():
        kept = start[name][mask]
        values = kept[torch.randperm(len(kept), generator=generator)]
        if kind == "constant":
            values = start[name].std(correction=0) * values.sign()
        if kind == "same signs":
            values = values.abs() * kept.sign()
        control[name][~mask] = 0
        control[name][mask] = values
    return control


def shuffled_mask(mask, dim, generator):
    moved = mask[None] if dim is None else mask.movedim(dim, 0)
    flat = moved.flatten(1)
    order = torch.rand(flat.shape, generator=generator).argsort(dim=1)
    shuffled = flat.gather(1, order).view(moved.shape)
    return shuffled[0] if dim is None else shuffled.movedim(0, dim)

# Loops over tensors and slices, torch.randperm everywhere.
def permuted(vector, generator):
    return vector[torch.randperm(vector.numel(), generator=generator)]


def control_weights(kind, start, masks, generator):
    control = copy.deepcopy(start)
    for name, mask in masks.items():
        kept = torch.masked_select(start[name], mask)
        if kind == "constant":
            variance = (start[name] - start[name].mean()).square().mean()
            new = torch.where(kept > 0, 1.0, -1.0) * variance.sqrt()
        elif kind == "reshuffle":
            new = permuted(kept, generator)
        else:
            new = torch.copysign(permuted(kept, generator).abs(), kept)
        control[name] = torch.zeros_like(start[name]).masked_scatter(
            mask, new.to(start[name].dtype)
        )
    return control


def shuffled_mask(mask, dim, generator):
    shuffled = mask.clone()
    slices = [shuffled] if dim is None else shuffled.unbind(dim)
    for piece in slices:
        piece.copy_(permuted(piece.flatten(), generator).view(piece.shape))
    return shuffled

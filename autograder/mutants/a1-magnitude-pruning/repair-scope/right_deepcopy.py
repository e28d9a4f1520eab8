# Copies everything first, then multiplies by a mask in place.
from copy import deepcopy


def prune_state(state, density):
    result = deepcopy(state)
    for name in state:
        tensor = result[name]
        if name.split(".")[-1] == "weight" and len(tensor.shape) > 1:
            order = tensor.abs().flatten().sort(descending=True).indices
            mask = torch.zeros(tensor.numel(), dtype=torch.bool)
            mask[order[: round(density * tensor.numel())]] = True
            tensor.mul_(mask.view(tensor.shape))
    return result

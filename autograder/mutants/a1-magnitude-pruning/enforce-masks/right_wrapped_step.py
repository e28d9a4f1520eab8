# Replaces optimizer.step by a method that masks afterwards; remove() puts the old one back.
from types import MethodType


class Handle:
    def __init__(self, undo):
        self.remove = undo


def enforce_masks(model, optimizer, masks):
    pairs = [(model.get_parameter(name), mask) for name, mask in masks.items()]
    plain_step = optimizer.step

    @torch.no_grad()
    def project():
        for weight, mask in pairs:
            weight[~mask] = 0
            for value in optimizer.state[weight].values():
                if isinstance(value, torch.Tensor) and value.shape == mask.shape:
                    value[~mask] = 0

    def step(self, *args, **kwargs):
        result = plain_step(*args, **kwargs)
        project()
        return result

    def undo():
        optimizer.step = plain_step

    project()
    optimizer.step = MethodType(step, optimizer)
    return Handle(undo)

# Replaces optimizer.step by a function that masks afterwards; remove() puts the old one back.
class Enforcement:
    def __init__(self, model, optimizer, masks):
        self.pairs = [(model.get_parameter(name), mask) for name, mask in masks.items()]
        self.optimizer, self.old_step = optimizer, optimizer.step
        optimizer.step = self.step
        self.project()

    @torch.no_grad()
    def project(self):
        for weight, mask in self.pairs:
            weight.data[~mask] = 0
            for value in self.optimizer.state[weight].values():
                if isinstance(value, torch.Tensor) and value.shape == mask.shape:
                    value[~mask] = 0

    def step(self, *args, **kwargs):
        result = self.old_step(*args, **kwargs)
        self.project()
        return result

    def remove(self):
        self.optimizer.step = self.old_step


def enforce_masks(model, optimizer, masks):
    return Enforcement(model, optimizer, masks)

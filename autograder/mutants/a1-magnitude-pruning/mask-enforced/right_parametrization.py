# Masks inside the layer with a parametrization; the original is cleared when it is removed.
from torch.nn.utils import parametrize


class Masked(nn.Module):
    def __init__(self, mask):
        super().__init__()
        self.register_buffer("mask", mask)

    def forward(self, weight):
        return weight * self.mask


class Enforcement:
    def __init__(self, model, optimizer, masks):
        self.optimizer, self.places = optimizer, []
        for name, mask in masks.items():
            layer, _, attribute = name.rpartition(".")
            module = model.get_submodule(layer)
            self.places.append((module, attribute, module._parameters[attribute], mask))
            parametrize.register_parametrization(module, attribute, Masked(mask))
        self.clear()

    @torch.no_grad()
    def clear(self):
        for _, _, weight, mask in self.places:
            for value in [weight, *self.optimizer.state[weight].values()]:
                if torch.is_tensor(value) and value.shape == weight.shape:
                    value.mul_(mask)

    def remove(self):
        self.clear()
        for module, attribute, _, _ in self.places:
            parametrize.remove_parametrizations(module, attribute)


def enforce_masks(model, optimizer, masks):
    return Enforcement(model, optimizer, masks)

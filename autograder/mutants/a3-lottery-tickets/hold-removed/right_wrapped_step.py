# Wraps the optimizer's step; index assignment with lists of positions.
class Hold:
    def __init__(self, model, optimizer, masks, values):
        self.optimizer, self.step, self.places = optimizer, optimizer.step, []
        for name, mask in masks.items():
            weight, where = model.get_parameter(name), mask.logical_not()
            self.places.append((weight, where, values[name][where].detach().clone()))
        self.back()
        optimizer.step = self.held_step

    @torch.no_grad()
    def back(self):
        for weight, where, numbers in self.places:
            weight.data[where] = numbers
            for value in self.optimizer.state.get(weight, {}).values():
                if isinstance(value, torch.Tensor) and value.shape == weight.shape:
                    value[where] = 0

    def held_step(self, *args, **kwargs):
        result = self.step(*args, **kwargs)
        self.back()
        return result

    def remove(self):
        self.optimizer.step = self.step


def hold_removed(model, optimizer, masks, values):
    return Hold(model, optimizer, masks, values)

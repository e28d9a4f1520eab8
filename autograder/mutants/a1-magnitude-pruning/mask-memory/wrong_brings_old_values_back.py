# Remembers the removed weights and restores them at the end.
class Handle:
    def __init__(self, hook, kept):
        self.hook, self.kept = hook, kept

    def remove(self):
        self.hook.remove()
        with torch.no_grad():
            for weight, mask, old in self.kept:
                weight[~mask] = old[~mask]


def enforce_masks(model, optimizer, masks):
    kept = [
        (model.get_parameter(n), m, model.get_parameter(n).detach().clone())
        for n, m in masks.items()
    ]

    def project(*_):
        with torch.no_grad():
            for weight, mask, _ in kept:
                for tensor in (weight, *optimizer.state[weight].values()):
                    if torch.is_tensor(tensor) and tensor.shape == weight.shape:
                        tensor.mul_(mask)

    project()
    return Handle(optimizer.register_step_post_hook(project), kept)

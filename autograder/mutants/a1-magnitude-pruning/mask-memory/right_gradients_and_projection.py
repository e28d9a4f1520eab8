# Masks gradients as well, clears the memory once, and projects after each step.
class Handles(list):
    def remove(self):
        for handle in self:
            handle.remove()


def enforce_masks(model, optimizer, masks):
    handles = Handles()

    @torch.no_grad()
    def project(*_):
        for name, mask in masks.items():
            model.get_parameter(name).mul_(mask)

    for name, mask in masks.items():
        weight = model.get_parameter(name)
        for value in optimizer.state[weight].values():
            if torch.is_tensor(value) and value.shape == weight.shape:
                value.mul_(mask)
        handles.append(weight.register_hook(lambda gradient, mask=mask: gradient * mask))
    project()
    handles.append(optimizer.register_step_post_hook(project))
    return handles

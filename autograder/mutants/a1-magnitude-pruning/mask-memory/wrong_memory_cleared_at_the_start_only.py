# Clears the memory at the call; later gradients fill it again.
def enforce_masks(model, optimizer, masks):
    def project(*_):
        with torch.no_grad():
            for name, mask in masks.items():
                model.get_parameter(name).mul_(mask)

    project()
    for name, mask in masks.items():
        for tensor in optimizer.state[model.get_parameter(name)].values():
            if torch.is_tensor(tensor) and tensor.shape == mask.shape:
                tensor.mul_(mask)
    return optimizer.register_step_post_hook(project)

# Knows the memory of SGD by name and forgets that of Adam.
def enforce_masks(model, optimizer, masks):
    def project(*_):
        with torch.no_grad():
            for name, mask in masks.items():
                weight = model.get_parameter(name)
                weight.mul_(mask)
                if optimizer.state[weight].get("momentum_buffer") is not None:
                    optimizer.state[weight]["momentum_buffer"].mul_(mask)

    project()
    return optimizer.register_step_post_hook(project)

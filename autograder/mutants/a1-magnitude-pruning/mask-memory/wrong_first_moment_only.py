# Clears Adam's average of gradients and keeps that of their squares.
def enforce_masks(model, optimizer, masks):
    def project(*_):
        with torch.no_grad():
            for name, mask in masks.items():
                weight = model.get_parameter(name)
                weight.mul_(mask)
                for key in ("momentum_buffer", "exp_avg"):
                    if torch.is_tensor(optimizer.state[weight].get(key)):
                        optimizer.state[weight][key].mul_(mask)

    project()
    return optimizer.register_step_post_hook(project)

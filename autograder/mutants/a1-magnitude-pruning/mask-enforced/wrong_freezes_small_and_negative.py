# Decides by `weight < 1e-6`, without abs: every negative weight is removed (a widely copied code).
def enforce_masks(model, optimizer, masks):
    def project(*_):
        with torch.no_grad():
            for name, mask in masks.items():
                weight = model.get_parameter(name)
                weight.mul_(mask)
                weight[weight < 1e-6] = 0

    project()
    return optimizer.register_step_post_hook(project)

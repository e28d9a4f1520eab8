# Masks before each step, so what the step adds stays in the weights.
def enforce_masks(model, optimizer, masks):
    def project(*_):
        with torch.no_grad():
            for name, mask in masks.items():
                model.get_parameter(name).mul_(mask)

    project()
    return optimizer.register_step_pre_hook(project)

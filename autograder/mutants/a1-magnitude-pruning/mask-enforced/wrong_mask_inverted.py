# Treats True as removed.
def enforce_masks(model, optimizer, masks):
    def project(*_):
        with torch.no_grad():
            for name, mask in masks.items():
                model.get_parameter(name).masked_fill_(mask, 0)

    project()
    return optimizer.register_step_post_hook(project)

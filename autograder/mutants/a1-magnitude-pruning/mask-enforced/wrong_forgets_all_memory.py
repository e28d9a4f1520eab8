# Clears the optimizer's whole memory, so kept weights lose their momentum too.
def enforce_masks(model, optimizer, masks):
    def project(*_):
        with torch.no_grad():
            for name, mask in masks.items():
                model.get_parameter(name).mul_(mask)
        optimizer.state.clear()

    project()
    return optimizer.register_step_post_hook(project)

# Reads the loop's variable when the hook runs: only the last tensor is masked.
def enforce_masks(model, optimizer, masks):
    for name, mask in masks.items():

        def project(*_):
            with torch.no_grad():
                model.get_parameter(name).mul_(mask)

        handle = optimizer.register_step_post_hook(project)
    with torch.no_grad():
        for key, kept in masks.items():
            model.get_parameter(key).mul_(kept)
    return handle

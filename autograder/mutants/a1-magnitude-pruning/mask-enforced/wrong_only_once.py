# Masks the weights at the call and never again.
def enforce_masks(model, optimizer, masks):
    with torch.no_grad():
        for name, mask in masks.items():
            model.get_parameter(name).mul_(mask)
    return optimizer.register_step_post_hook(lambda *_: None)

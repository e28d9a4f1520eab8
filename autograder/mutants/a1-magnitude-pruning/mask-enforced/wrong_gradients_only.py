# Masks gradients; momentum from before and weight decay still move the weights.
def enforce_masks(model, optimizer, masks):
    for name, mask in masks.items():
        weight = model.get_parameter(name)
        handle = weight.register_hook(lambda gradient, mask=mask: gradient * mask)
        with torch.no_grad():
            weight.mul_(mask)
    return handle

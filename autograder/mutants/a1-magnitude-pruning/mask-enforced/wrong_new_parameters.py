# Replaces parameters by masked copies, which the optimizer does not know: nothing trains any more.
def enforce_masks(model, optimizer, masks):
    for name, mask in masks.items():
        layer, _, attribute = name.rpartition(".")
        masked_weight = model.get_parameter(name).detach() * mask
        setattr(model.get_submodule(layer), attribute, nn.Parameter(masked_weight))
    return optimizer.register_step_post_hook(lambda *_: None)

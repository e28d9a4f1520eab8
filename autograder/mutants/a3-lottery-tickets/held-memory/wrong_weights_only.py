# Puts the weights back and leaves the optimizer's memory of them.
def hold_removed(model, optimizer, masks, values):
    parameters = dict(model.named_parameters())
    held = {name: values[name].detach().clone() for name in masks}

    @torch.no_grad()
    def put_back(*_):
        for name, mask in masks.items():
            weight = parameters[name]
            weight.copy_(torch.where(mask, weight, held[name]))

    put_back()
    return optimizer.register_step_post_hook(put_back)

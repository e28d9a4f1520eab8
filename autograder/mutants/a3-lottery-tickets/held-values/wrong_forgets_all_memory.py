# Clears the optimizer's whole memory, so kept weights lose their momentum too.
def hold_removed(model, optimizer, masks, values):
    parameters = dict(model.named_parameters())
    held = {name: values[name].detach().clone() for name in masks}

    @torch.no_grad()
    def put_back(*_):
        for name, mask in masks.items():
            weight = parameters[name]
            weight.copy_(torch.where(mask, weight, held[name]))
        optimizer.state.clear()

    put_back()
    return optimizer.register_step_post_hook(put_back)

# Clears SGD's momentum and nothing of Adam's.
def hold_removed(model, optimizer, masks, values):
    parameters = dict(model.named_parameters())
    held = {name: values[name].detach().clone() for name in masks}

    @torch.no_grad()
    def put_back(*_):
        for name, mask in masks.items():
            weight = parameters[name]
            weight.copy_(torch.where(mask, weight, held[name]))
            memory = optimizer.state.get(weight, {}).get("momentum_buffer")
            if memory is not None:
                memory.masked_fill_(~mask, 0)

    put_back()
    return optimizer.register_step_post_hook(put_back)

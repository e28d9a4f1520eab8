# Clears the memory at the call, not after later steps.
def hold_removed(model, optimizer, masks, values):
    parameters = dict(model.named_parameters())
    held = {name: values[name].detach().clone() for name in masks}

    @torch.no_grad()
    def put_back(*_):
        for name, mask in masks.items():
            weight = parameters[name]
            weight.copy_(torch.where(mask, weight, held[name]))

    put_back()
    for name, mask in masks.items():
        for memory in optimizer.state.get(parameters[name], {}).values():
            if torch.is_tensor(memory) and memory.shape == mask.shape:
                memory.masked_fill_(~mask, 0)
    return optimizer.register_step_post_hook(put_back)

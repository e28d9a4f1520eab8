# Masks gradients; momentum from before and weight decay still move the weights.
def hold_removed(model, optimizer, masks, values):
    parameters = dict(model.named_parameters())
    held = {name: values[name].detach().clone() for name in masks}

    @torch.no_grad()
    def put_back(*_):
        for name, mask in masks.items():
            weight = parameters[name]
            weight.copy_(torch.where(mask, weight, held[name]))
            for memory in optimizer.state.get(weight, {}).values():
                if torch.is_tensor(memory) and memory.shape == mask.shape:
                    memory.masked_fill_(~mask, 0)

    put_back()
    for name, mask in masks.items():
        handle = parameters[name].register_hook(lambda g, mask=mask: g * mask)
    return handle

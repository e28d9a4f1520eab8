# Reads the loop's variable when the hook runs: only the last tensor is held.
def hold_removed(model, optimizer, masks, values):
    parameters = dict(model.named_parameters())
    held = {name: values[name].detach().clone() for name in masks}

    for name, mask in masks.items():

        @torch.no_grad()
        def put_back(*_):
            weight = parameters[name]
            weight.copy_(torch.where(mask, weight, held[name]))
            for memory in optimizer.state.get(weight, {}).values():
                if torch.is_tensor(memory) and memory.shape == mask.shape:
                    memory.masked_fill_(~mask, 0)

        put_back()
        handle = optimizer.register_step_post_hook(put_back)
    return handle

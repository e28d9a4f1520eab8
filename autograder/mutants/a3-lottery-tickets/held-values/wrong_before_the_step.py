# Puts weights back before each step, so what the step adds stays.
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
    return optimizer.register_step_pre_hook(put_back)

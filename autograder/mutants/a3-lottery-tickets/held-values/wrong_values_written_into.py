# Zeroes the kept entries of the values it was given.
def hold_removed(model, optimizer, masks, values):
    parameters = dict(model.named_parameters())
    held = {name: values[name].mul_(~mask) for name, mask in masks.items()}

    @torch.no_grad()
    def put_back(*_):
        for name, mask in masks.items():
            weight = parameters[name]
            weight.copy_(torch.where(mask, weight, held[name]))
            for memory in optimizer.state.get(weight, {}).values():
                if torch.is_tensor(memory) and memory.shape == mask.shape:
                    memory.masked_fill_(~mask, 0)

    put_back()
    return optimizer.register_step_post_hook(put_back)

# Masks of ones and zeros, memory replaced instead of changed in place.
def hold_removed(model, optimizer, masks, values):
    plan = []
    for name, mask in masks.items():
        weight = dict(model.named_parameters())[name]
        kept = mask.to(weight.dtype)
        plan.append((weight, kept, (1 - kept) * values[name].detach()))

    def enforce(opt, args, kwargs):
        for weight, kept, fixed in plan:
            weight.data = weight.data * kept + fixed
            memory = opt.state.get(weight, {})
            for key in list(memory):
                if torch.is_tensor(memory[key]) and memory[key].shape == kept.shape:
                    memory[key] = memory[key] * kept

    enforce(optimizer, (), {})
    return optimizer.register_step_post_hook(enforce)

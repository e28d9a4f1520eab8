# Multiplies weights and memory by masks of ones and zeros in a post-step hook.
def enforce_masks(model, optimizer, masks):
    table = {model.get_parameter(name): mask for name, mask in masks.items()}

    def hook(opt, args, kwargs):
        for weight, mask in table.items():
            zero_one = mask.to(weight.dtype)
            weight.data.mul_(zero_one)
            for key, value in opt.state.get(weight, {}).items():
                if torch.is_tensor(value) and value.dim() == weight.dim():
                    opt.state[weight][key] = value * zero_one

    hook(optimizer, (), {})
    return optimizer.register_step_post_hook(hook)

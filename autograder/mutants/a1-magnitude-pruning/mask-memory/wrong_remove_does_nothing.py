# Returns a handle whose remove() leaves the hook in place: freed weights stay 0 for ever.
class Handle:
    def remove(self):
        return None


def enforce_masks(model, optimizer, masks):
    def project(*_):
        with torch.no_grad():
            for name, mask in masks.items():
                weight = model.get_parameter(name)
                for tensor in (weight, *optimizer.state[weight].values()):
                    if torch.is_tensor(tensor) and tensor.shape == weight.shape:
                        tensor.mul_(mask)

    project()
    optimizer.register_step_post_hook(project)
    return Handle()

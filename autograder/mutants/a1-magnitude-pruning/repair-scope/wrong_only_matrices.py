# Prunes two-dimensional weights only and forgets the kernels of convolutions.
def prune_state(state, density):
    copied = {name: tensor.clone() for name, tensor in state.items()}
    for name, tensor in copied.items():
        if name.endswith("weight") and tensor.ndim == 2:
            removed = tensor.numel() - round(density * tensor.numel())
            tensor.view(-1)[tensor.flatten().abs().argsort()[:removed]] = 0
    return copied

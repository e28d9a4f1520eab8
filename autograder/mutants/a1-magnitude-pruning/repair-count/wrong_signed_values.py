# Ranks the signed values, so that large negative weights are removed first.
def prune_state(state, density):
    copied = {name: tensor.clone() for name, tensor in state.items()}
    for name, tensor in copied.items():
        if name.endswith("weight") and tensor.ndim >= 2:
            removed = tensor.numel() - round(density * tensor.numel())
            tensor.view(-1)[tensor.flatten().argsort()[:removed]] = 0
    return copied

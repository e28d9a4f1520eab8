# Reads `density` as the fraction to remove.
def prune_state(state, density):
    copied = {name: tensor.clone() for name, tensor in state.items()}
    for name, tensor in copied.items():
        if name.endswith("weight") and tensor.ndim >= 2:
            removed = round(density * tensor.numel())
            tensor.view(-1)[tensor.flatten().abs().argsort()[:removed]] = 0
    return copied

# Removes the largest magnitudes instead of the smallest.
def prune_state(state, density):
    copied = {name: tensor.clone() for name, tensor in state.items()}
    for name, tensor in copied.items():
        if name.endswith("weight") and tensor.ndim >= 2:
            removed = tensor.numel() - round(density * tensor.numel())
            order = tensor.flatten().abs().argsort(descending=True)
            tensor.view(-1)[order[:removed]] = 0
    return copied

# Prunes the caller's own tensors: a copied dict still holds the same tensors.
def prune_state(state, density):
    copied = dict(state)
    for name, tensor in copied.items():
        if name.endswith("weight") and tensor.ndim >= 2:
            removed = tensor.numel() - round(density * tensor.numel())
            tensor.view(-1)[tensor.flatten().abs().argsort()[:removed]] = 0
    return copied

# Copies pruned tensors only; all others are shared, so training one model changes the other.
def prune_state(state, density):
    copied = dict(state)
    for name, tensor in state.items():
        if name.endswith("weight") and tensor.ndim >= 2:
            flat = tensor.clone().flatten()
            flat[flat.abs().argsort()[: flat.numel() - round(density * flat.numel())]] = 0
            copied[name] = flat.reshape(tensor.shape)
    return copied

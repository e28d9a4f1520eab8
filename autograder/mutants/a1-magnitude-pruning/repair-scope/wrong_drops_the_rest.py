# Returns the pruned tensors only; the model cannot be loaded from it.
def prune_state(state, density):
    pruned = {}
    for name, tensor in state.items():
        if name.endswith("weight") and tensor.ndim >= 2:
            flat = tensor.clone().flatten()
            flat[flat.abs().argsort()[: flat.numel() - round(density * flat.numel())]] = 0
            pruned[name] = flat.reshape(tensor.shape)
    return pruned

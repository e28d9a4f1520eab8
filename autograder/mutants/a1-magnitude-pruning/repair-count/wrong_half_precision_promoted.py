# Computes in float32 and returns float32, whatever came in.
def prune_state(state, density):
    copied = {name: tensor.clone() for name, tensor in state.items()}
    for name, tensor in state.items():
        if name.endswith("weight") and tensor.ndim >= 2:
            pruned = tensor.float().clone()
            removed = tensor.numel() - round(density * tensor.numel())
            pruned.view(-1)[pruned.flatten().abs().argsort()[:removed]] = 0
            copied[name] = pruned
    return copied

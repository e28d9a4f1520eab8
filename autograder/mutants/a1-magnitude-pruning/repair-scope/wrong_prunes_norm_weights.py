# Prunes every tensor with "weight" in its name, batch norm included (a widely copied code).
def prune_state(state, density):
    copied = {name: tensor.clone() for name, tensor in state.items()}
    for name, tensor in copied.items():
        if "weight" in name:
            removed = tensor.numel() - round(density * tensor.numel())
            tensor.view(-1)[tensor.flatten().abs().argsort()[:removed]] = 0
    return copied

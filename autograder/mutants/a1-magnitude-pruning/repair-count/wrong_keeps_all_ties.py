# Keeps every entry that equals the threshold, so ties keep too many.
def prune_state(state, density):
    copied = {name: tensor.clone() for name, tensor in state.items()}
    for name, tensor in copied.items():
        count = round(density * tensor.numel())
        if name.endswith("weight") and tensor.ndim >= 2:
            magnitude = tensor.abs()
            ranked = magnitude.flatten().sort(descending=True).values
            threshold = ranked[count - 1] if count else float("inf")
            tensor[magnitude < threshold] = 0
    return copied

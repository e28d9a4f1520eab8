# Compares strictly with the smallest kept value and removes one too many (a bug of open_lth).
def prune_state(state, density):
    copied = {name: tensor.clone() for name, tensor in state.items()}
    for name, tensor in copied.items():
        count = round(density * tensor.numel())
        if name.endswith("weight") and tensor.ndim >= 2 and count:
            magnitude = tensor.abs()
            threshold = magnitude.flatten().sort(descending=True).values[count - 1]
            tensor[magnitude <= threshold] = 0
        elif name.endswith("weight") and tensor.ndim >= 2:
            tensor.zero_()
    return copied

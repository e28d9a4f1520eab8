# The interpolated quantile of the web function, which half precision refuses.
def prune_state(state, density):
    copied = {name: tensor.clone() for name, tensor in state.items()}
    for name, tensor in copied.items():
        if name.endswith("weight") and tensor.ndim >= 2:
            threshold = tensor.abs().quantile(1 - density)
            tensor *= tensor.abs() > threshold
    return copied

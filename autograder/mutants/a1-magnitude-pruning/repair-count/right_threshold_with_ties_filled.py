# A threshold from kthvalue, then as many tied entries as are missing.
def prune_state(state, density):
    result = {name: tensor.clone() for name, tensor in state.items()}
    for name, tensor in state.items():
        if not name.endswith("weight") or tensor.ndim < 2:
            continue
        magnitude, count = tensor.abs().double().flatten(), round(density * tensor.numel())
        if count == 0:
            result[name].zero_()
            continue
        threshold = magnitude.kthvalue(magnitude.numel() - count + 1).values
        mask = magnitude > threshold
        tied = (magnitude == threshold).nonzero().flatten()
        mask[tied[: count - int(mask.sum())]] = True
        result[name].view(-1)[~mask] = 0
    return result

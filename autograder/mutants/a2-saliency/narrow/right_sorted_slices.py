# Sorts all lists first and indexes directly.
def narrow(state, stream, hidden):
    keep = sorted(stream)
    small = {}
    for name, tensor in state.items():
        words = name.split(".")
        layer, kind = words[-2], words[-1]
        if kind == "num_batches_tracked":
            small[name] = tensor
            continue
        if words[0] == "blocks":
            number = int(words[1])
            width = state[f"blocks.{number}.norm1.weight"].shape[0]
            inner = sorted(hidden.get(number, range(width)))
        if layer in ("stem", "norm", "norm3"):
            small[name] = tensor[keep]
        elif layer == "head":
            small[name] = tensor[:, keep] if kind == "weight" else tensor
        elif layer == "expand":
            small[name] = tensor[inner][:, keep]
        elif layer == "project":
            small[name] = tensor[keep][:, inner]
        else:
            small[name] = tensor[inner]
    return small

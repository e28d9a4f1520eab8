# Sorts the channels by their factors.
def slim(state):
    count = int((state["bn.weight"] != 0).sum())
    order = state["bn.weight"].abs().argsort(descending=True)
    stays, gone = order[:count], order[count:]
    small = {name: tensor.clone() for name, tensor in state.items()}
    norm = [f"bn.{name}" for name in ("weight", "bias", "running_mean", "running_var")]
    for name in ("conv.weight", "conv.bias", *norm):
        small[name] = state[name][stays]
    blocks = state["fc.weight"].unflatten(1, (len(order), -1))
    small["fc.weight"] = blocks[:, stays].flatten(1)
    constants = state["bn.bias"].relu()
    small["fc.bias"] = state["fc.bias"] + blocks[:, gone].sum(2) @ constants[gone]
    return small

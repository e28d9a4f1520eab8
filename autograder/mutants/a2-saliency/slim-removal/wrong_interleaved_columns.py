# Takes the columns of fc as if channels came last behind flatten.
def slim(state):
    stays = state["bn.weight"] != 0
    small = {name: tensor.clone() for name, tensor in state.items()}
    norm = [f"bn.{name}" for name in ("weight", "bias", "running_mean", "running_var")]
    for name in ("conv.weight", "conv.bias", *norm):
        small[name] = state[name][stays]
    blocks = state["fc.weight"].unflatten(1, (-1, len(stays))).transpose(1, 2)
    small["fc.weight"] = blocks[:, stays].transpose(1, 2).flatten(1)
    constants = state["bn.bias"].relu()
    small["fc.bias"] = state["fc.bias"] + blocks[:, ~stays].sum(2) @ constants[~stays]
    return small

# Forgets the ReLU behind the batch norm.
def slim(state):
    stays = state["bn.weight"] != 0
    small = {name: tensor.clone() for name, tensor in state.items()}
    norm = [f"bn.{name}" for name in ("weight", "bias", "running_mean", "running_var")]
    for name in ("conv.weight", "conv.bias", *norm):
        small[name] = state[name][stays]
    blocks = state["fc.weight"].unflatten(1, (len(stays), -1))
    small["fc.weight"] = blocks[:, stays].flatten(1)
    constants = state["bn.bias"]
    small["fc.bias"] = state["fc.bias"] + blocks[:, ~stays].sum(2) @ constants[~stays]
    return small

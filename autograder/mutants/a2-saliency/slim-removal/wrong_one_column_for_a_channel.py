# Removes one column of fc for each channel.
def slim(state):
    stays = state["bn.weight"] != 0
    small = {name: tensor.clone() for name, tensor in state.items()}
    norm = [f"bn.{name}" for name in ("weight", "bias", "running_mean", "running_var")]
    for name in ("conv.weight", "conv.bias", *norm):
        small[name] = state[name][stays]
    columns = torch.ones(state["fc.weight"].shape[1], dtype=torch.bool)
    columns[: len(stays)] = stays
    blocks = state["fc.weight"].unflatten(1, (len(stays), -1))
    small["fc.weight"] = state["fc.weight"][:, columns]
    constants = state["bn.bias"].relu()
    small["fc.bias"] = state["fc.bias"] + blocks[:, ~stays].sum(2) @ constants[~stays]
    return small

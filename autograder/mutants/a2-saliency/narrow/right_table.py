# Looks every tensor up in a table of what its dimensions are.
def narrow(state, stream, hidden):
    ROLES = {
        "stem.weight": ("stream",),
        "norm": ("stream",),
        "head.weight": ("", "stream"),
        "expand.weight": ("hidden", "stream"),
        "norm1": ("hidden",),
        "depthwise.weight": ("hidden",),
        "norm2": ("hidden",),
        "project.weight": ("stream", "hidden"),
        "norm3": ("stream",),
    }
    small = {}
    for name, tensor in state.items():
        parts = name.split(".")
        number = int(parts.pop(1)) if parts[0] == "blocks" else None
        parts = parts[1:] if number is not None else parts
        roles = ROLES.get(".".join(parts), ROLES.get(parts[0], ()))
        tensor = tensor.clone()
        for dim, role in enumerate(roles[: tensor.dim()]):
            kept = {"stream": stream, "hidden": hidden.get(number)}.get(role)
            if kept is not None:
                tensor = tensor.index_select(dim, torch.as_tensor(kept))
        small[name] = tensor
    return small

# Sorts the hidden channels of the projection in reverse, and only those.
def narrow(state, stream, hidden):
    small = {name: tensor.clone() for name, tensor in state.items()}

    def cut(name, dim, kept):
        small[name] = small[name].index_select(dim, torch.tensor(kept))

    def cut_norm(name, kept):
        for tensor in ("weight", "bias", "running_mean", "running_var"):
            cut(f"{name}.{tensor}", 0, kept)

    cut("stem.weight", 0, stream)
    cut_norm("norm", stream)
    cut("head.weight", 1, stream)
    for name in [name for name in state if name.endswith("expand.weight")]:
        block = name.removesuffix(".expand.weight")
        inside = hidden.get(int(block.split(".")[1]), range(len(state[name])))
        cut(f"{block}.expand.weight", 1, stream)
        cut(f"{block}.project.weight", 0, stream)
        cut_norm(f"{block}.norm3", stream)
        cut(f"{block}.expand.weight", 0, list(inside))
        cut_norm(f"{block}.norm1", list(inside))
        cut(f"{block}.depthwise.weight", 0, list(inside))
        cut_norm(f"{block}.norm2", list(inside))
        cut(f"{block}.project.weight", 1, sorted(inside, reverse=True))
    return small

# Takes one channel out at a time.
def slim(state):
    small = dict(state)
    per_channel = ("conv.weight", "conv.bias", "bn.weight", "bn.bias")
    per_channel += ("bn.running_mean", "bn.running_var")
    size = state["fc.weight"].shape[1] // len(state["bn.weight"])
    channel = 0
    while channel < len(small["bn.weight"]):
        if small["bn.weight"][channel] != 0:
            channel += 1
            continue
        weight = small["fc.weight"]
        start, end = channel * size, (channel + 1) * size
        constant = max(0.0, float(small["bn.bias"][channel]))
        small["fc.bias"] = small["fc.bias"] + constant * weight[:, start:end].sum(1)
        small["fc.weight"] = torch.cat([weight[:, :start], weight[:, end:]], 1)
        for name in per_channel:
            rows = small[name]
            small[name] = torch.cat([rows[:channel], rows[channel + 1 :]])
    return small

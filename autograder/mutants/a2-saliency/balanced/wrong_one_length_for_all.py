# Balances the layers as a whole, not each unit.
def balanced(first, bias, second):
    into = first.norm().expand(len(bias))
    out = second.norm().expand(len(bias))
    scale = (out / into).sqrt()
    scale = torch.where((into == 0) | (out == 0), torch.ones_like(scale), scale)
    return first * scale[:, None], bias * scale, second / scale

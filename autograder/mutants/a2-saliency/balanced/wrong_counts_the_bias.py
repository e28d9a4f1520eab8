# Counts the bias as a weight into the unit.
def balanced(first, bias, second):
    into, out = torch.cat([first, bias[:, None]], 1).norm(dim=1), second.norm(dim=0)
    scale = (out / into).sqrt()
    scale = torch.where((into == 0) | (out == 0), torch.ones_like(scale), scale)
    return first * scale[:, None], bias * scale, second / scale

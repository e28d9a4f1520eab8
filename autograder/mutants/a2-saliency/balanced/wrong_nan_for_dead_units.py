# Divides zero by zero in a unit without weights.
def balanced(first, bias, second):
    into, out = first.norm(dim=1), second.norm(dim=0)
    scale = (out / into).sqrt()
    return first * scale[:, None], bias * scale, second / scale

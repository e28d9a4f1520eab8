# Hochberg: a running minimum from the largest p down.
def holm(p_values):
    order = p_values.argsort()
    factors = torch.arange(len(p_values), 0, -1)
    adjusted = torch.empty_like(p_values)
    running = (factors * p_values[order]).clamp(max=1).flip(0).cummin(0).values.flip(0)
    adjusted[order] = running
    return adjusted

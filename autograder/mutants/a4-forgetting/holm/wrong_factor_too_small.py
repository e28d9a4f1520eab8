# Begins with k - 1 instead of k.
def holm(p_values):
    order = p_values.argsort()
    factors = torch.arange(len(p_values) - 1, -1, -1).clamp(min=1)
    adjusted = torch.empty_like(p_values)
    adjusted[order] = (factors * p_values[order]).clamp(max=1).cummax(0).values
    return adjusted

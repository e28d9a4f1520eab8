# Multiplies the smallest p by 1 and the largest by k.
def holm(p_values):
    order = p_values.argsort()
    factors = torch.arange(1, len(p_values) + 1)
    adjusted = torch.empty_like(p_values)
    adjusted[order] = (factors * p_values[order]).clamp(max=1).cummax(0).values
    return adjusted

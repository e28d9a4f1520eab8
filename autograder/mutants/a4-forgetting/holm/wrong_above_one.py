# Lets adjusted values rise above 1.
def holm(p_values):
    order = p_values.argsort()
    factors = torch.arange(len(p_values), 0, -1)
    adjusted = torch.empty_like(p_values)
    adjusted[order] = (factors * p_values[order]).cummax(0).values
    return adjusted

# Sidak: 1 - (1 - p) ** k, for independent tests, step-down.
def holm(p_values):
    order = p_values.argsort()
    factors = torch.arange(len(p_values), 0, -1)
    adjusted = torch.empty_like(p_values)
    adjusted[order] = (1 - (1 - p_values[order]) ** factors).clamp(max=1).cummax(0).values
    return adjusted

# Benjamini and Hochberg: controls the false discovery rate instead.
def holm(p_values):
    k, order = len(p_values), p_values.argsort()
    factors = k / torch.arange(1, k + 1)
    adjusted = torch.empty_like(p_values)
    running = (factors * p_values[order]).clamp(max=1).flip(0).cummin(0).values.flip(0)
    adjusted[order] = running
    return adjusted

# Without sorting, by comparing all pairs.
def holm(p_values):
    not_smaller = (p_values[None] >= p_values[:, None]).sum(1)
    steps = (p_values * not_smaller).clamp(max=1)
    table = steps[None].where(p_values[None] <= p_values[:, None], 0.0)
    return table.amax(1)

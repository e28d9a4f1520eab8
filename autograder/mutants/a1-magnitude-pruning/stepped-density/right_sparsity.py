# Works in sparsities, where the formula was published, and converts at the end.
def stepped_density(step, start, end, every, initial, final, power=3):
    if step < start:
        return 1.0
    if step >= end:
        return final
    last = start + every * int((step - start) / every)
    s_i, s_f = 1 - initial, 1 - final
    return 1 - (s_f + (s_i - s_f) * (1 - (last - start) / (end - start)) ** power)

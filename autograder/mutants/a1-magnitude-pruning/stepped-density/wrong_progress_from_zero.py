# Measures progress from step 0: step / end.
def stepped_density(step, start, end, every, initial, final, power=3):
    if step < start:
        return 1.0
    if step >= end:
        return final
    now = step - (step - start) % every
    return final + (initial - final) * (1 - now / end) ** power

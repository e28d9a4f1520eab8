# Writes 3 where the power stands.
def stepped_density(step, start, end, every, initial, final, power=3):
    if step < start:
        return 1.0
    if step >= end:
        return final
    now = step - (step - start) % every
    return final + (initial - final) * (1 - (now - start) / (end - start)) ** 3

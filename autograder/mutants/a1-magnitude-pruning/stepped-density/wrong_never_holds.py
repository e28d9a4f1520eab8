# Moves at every step and ignores `every`.
def stepped_density(step, start, end, every, initial, final, power=3):
    if step < start:
        return 1.0
    progress = min(1.0, (step - start) / (end - start))
    return final + (initial - final) * (1 - progress) ** power

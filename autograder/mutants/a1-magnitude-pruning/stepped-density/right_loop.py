# Walks through the updates.
def stepped_density(step, start, end, every, initial, final, power=3):
    density = 1.0
    for t in range(start, min(step, end - 1) + 1, every):
        density = final + (initial - final) * (1 - (t - start) / (end - start)) ** power
    return final if step >= end else density

# One formula with a clamped number of updates.
def stepped_density(step, start, end, every, initial, final, power=3):
    updates = (step - start) // every
    progress = 1.0 if step >= end else updates * every / (end - start)
    return 1.0 if step < start else final + (initial - final) * (1 - progress) ** power

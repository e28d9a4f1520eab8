# Raises the progress to the power instead of what is left of the way: slow first, fast last.
def stepped_density(step, start, end, every, initial, final, power=3):
    if step < start:
        return 1.0
    if step >= end:
        return final
    now = step - (step - start) % every
    return initial + (final - initial) * ((now - start) / (end - start)) ** power

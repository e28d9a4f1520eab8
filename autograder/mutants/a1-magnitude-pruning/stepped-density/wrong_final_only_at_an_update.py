# Reaches the final density at the first update after the end, not at the end.
def stepped_density(step, start, end, every, initial, final, power=3):
    if step < start:
        return 1.0
    now = step - (step - start) % every
    return final + (initial - final) * max(0.0, 1 - (now - start) / (end - start)) ** power

# Goes on after the end, where an odd power makes the density fall below the final one.
def stepped_density(step, start, end, every, initial, final, power=3):
    if step < start:
        return 1.0
    now = step - (step - start) % every
    return final + (initial - final) * (1 - (now - start) / (end - start)) ** power

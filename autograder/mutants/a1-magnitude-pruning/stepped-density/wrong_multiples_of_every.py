# Updates at multiples of `every` counted from step 0, not from the start.
def stepped_density(step, start, end, every, initial, final, power=3):
    if step < start:
        return 1.0
    if step >= end:
        return final
    now = max(start, step // every * every)
    return final + (initial - final) * (1 - (now - start) / (end - start)) ** power

# Uses the next update instead of the last one.
def stepped_density(step, start, end, every, initial, final, power=3):
    if step < start:
        return 1.0
    if step >= end:
        return final
    now = min(end, start + every * math.ceil((step - start) / every))
    return final + (initial - final) * (1 - (now - start) / (end - start)) ** power

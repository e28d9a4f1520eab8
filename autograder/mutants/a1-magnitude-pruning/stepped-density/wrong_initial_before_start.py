# Returns the initial density before the start, where the network is still dense.
def stepped_density(step, start, end, every, initial, final, power=3):
    if step >= end:
        return final
    now = max(start, step - (step - start) % every)
    return final + (initial - final) * (1 - (now - start) / (end - start)) ** power

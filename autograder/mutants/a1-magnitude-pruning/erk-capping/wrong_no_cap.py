# Lets small layers have densities above 1.
def erk_densities(shapes, density):
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}
    epsilon = density * sum(sizes.values()) / sum(sum(s) for s in shapes.values())
    return {name: epsilon * sum(s) / sizes[name] for name, s in shapes.items()}

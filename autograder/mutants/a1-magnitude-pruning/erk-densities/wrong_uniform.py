# Gives every layer the same density.
def erk_densities(shapes, density):
    return {name: float(density) for name in shapes}

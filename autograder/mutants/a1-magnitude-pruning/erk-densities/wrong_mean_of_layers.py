# Makes the plain mean of the layers' densities right, not the fraction of all weights.
def erk_densities(shapes, density):
    ratio = {name: sum(shape) / math.prod(shape) for name, shape in shapes.items()}
    epsilon = density * len(shapes) / sum(ratio.values())
    return {name: min(1.0, epsilon * value) for name, value in ratio.items()}

# Divides all densities by the largest one, so that none exceeds 1 and the budget is missed.
def erk_densities(shapes, density):
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}
    epsilon = density * sum(sizes.values()) / sum(sum(s) for s in shapes.values())
    result = {name: epsilon * sum(s) / sizes[name] for name, s in shapes.items()}
    largest = max(1.0, *result.values())
    return {name: value / largest for name, value in result.items()}

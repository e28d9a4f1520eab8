# Counts inputs and outputs only: Erdős–Rényi without the kernel.
def erk_densities(shapes, density):
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}
    total = {name: sum(shape[:2]) for name, shape in shapes.items()}
    epsilon = density * sum(sizes.values()) / sum(total.values())
    return {name: min(1.0, epsilon * total[name] / sizes[name]) for name in shapes}

# Shares out the rest once and does not look whether that fills another layer.
def erk_densities(shapes, density):
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}
    budget = density * sum(sizes.values())
    epsilon = budget / sum(sum(s) for s in shapes.values())
    full = {name for name, s in shapes.items() if epsilon * sum(s) >= sizes[name]}
    if len(full) < len(shapes):
        rest = sum(sum(s) for name, s in shapes.items() if name not in full)
        epsilon = (budget - sum(sizes[name] for name in full)) / rest
    return {
        n: 1.0 if n in full else min(1.0, epsilon * sum(s) / sizes[n]) for n, s in shapes.items()
    }

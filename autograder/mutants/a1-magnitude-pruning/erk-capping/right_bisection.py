# Finds epsilon by bisection; the cap needs no case of its own.
def erk_densities(shapes, density):
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}

    def kept(epsilon):
        return sum(min(sizes[name], epsilon * sum(s)) for name, s in shapes.items())

    low, high = 0.0, float(max(sizes.values()))
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if kept(middle) < density * kept(1e30) else (low, middle)
    return {name: min(1.0, high * sum(s) / sizes[name]) for name, s in shapes.items()}

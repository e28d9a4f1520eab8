# Divides by nothing when every layer is full (density 1).
def erk_densities(shapes, density):
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}
    full = set()
    while True:
        left = density * sum(sizes.values()) - sum(sizes[name] for name in full)
        epsilon = left / sum(sum(s) for name, s in shapes.items() if name not in full)
        more = {n for n, s in shapes.items() if n not in full and epsilon * sum(s) >= sizes[n]}
        if not more:
            return {n: 1.0 if n in full else epsilon * sum(shapes[n]) / sizes[n] for n in shapes}
        full |= more

# Adds what full layers could not take to the others in equal shares of weights.
def erk_densities(shapes, density):
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}
    epsilon = density * sum(sizes.values()) / sum(sum(s) for s in shapes.values())
    kept = {name: epsilon * sum(s) for name, s in shapes.items()}
    while any(kept[name] > sizes[name] + 1e-9 for name in shapes):
        rest = sum(max(0.0, kept[name] - sizes[name]) for name in shapes)
        kept = {name: min(kept[name], float(sizes[name])) for name in shapes}
        free = [name for name in shapes if kept[name] < sizes[name]]
        for name in free:
            kept[name] += rest / len(free)
    return {name: kept[name] / sizes[name] for name in shapes}

# Fills layers in the order in which they become full.
def erk_densities(shapes, density):
    queue = sorted(shapes, key=lambda name: math.prod(shapes[name]) / sum(shapes[name]))
    budget = density * sum(math.prod(shape) for shape in shapes.values())
    parts, result = sum(sum(shape) for shape in shapes.values()), {}
    for name in queue:
        size, share = math.prod(shapes[name]), sum(shapes[name])
        kept = min(size, budget / parts * share)
        result[name] = kept / size
        budget, parts = budget - kept, parts - share
    return result

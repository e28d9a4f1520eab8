# Takes nonzero weights for the kept ones, as a widely copied code does.
def ticket_round(weights, masks, rate, output):
    thinned = {}
    for name, mask in masks.items():
        size = weights[name].abs()
        alive = size[size > 0].sort().values
        number = round((rate / 2 if name == output else rate) * len(alive))
        cut = alive[number] if number < len(alive) else float("inf")
        thinned[name] = mask & (size >= cut)
    return thinned

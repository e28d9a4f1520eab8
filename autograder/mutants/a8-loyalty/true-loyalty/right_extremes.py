# Different: evaluates the two extreme data sets.
def true_loyalty(reported, mistake):
    nats = math.sqrt(math.log(2))
    shapes = {
        "natural logarithm": (lambda gap: gap / nats, lambda gap: gap / nats),
        "no root": (math.sqrt, lambda gap: gap),
        "root of the mean": (lambda gap: gap, lambda gap: gap**2),
        "root twice": (lambda gap: gap**2 / nats, lambda gap: gap / math.sqrt(nats)),
    }
    if mistake not in shapes:
        raise ValueError(mistake)
    if reported > 1:
        raise ValueError("above 1")
    found = [1 - shape(1 - reported) for shape in shapes[mistake]]
    if min(found) < -1e-12:
        raise ValueError("too low")
    return min(found), max(found)

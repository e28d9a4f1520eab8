# Different: one case after the other.
def true_loyalty(reported, mistake):
    c = math.log(2) ** 0.5
    lowest = {
        "natural logarithm": 1 - c,
        "no root": 0,
        "root of the mean": 0,
        "root twice": 1 - c**0.5,
    }
    if mistake not in lowest:
        raise ValueError("Choose one of the four mistakes.")
    if reported > 1 or reported < lowest[mistake] - 1e-12:
        raise ValueError("This value cannot be.")
    gap = 1 - reported
    if mistake == "natural logarithm":
        low = high = 1 - gap / c
    elif mistake == "no root":
        low, high = 1 - gap**0.5, reported
    elif mistake == "root of the mean":
        low, high = reported, 1 - gap * gap
    else:
        low, high = 1 - gap / c**0.5, 1 - gap * gap / c
    return low, high

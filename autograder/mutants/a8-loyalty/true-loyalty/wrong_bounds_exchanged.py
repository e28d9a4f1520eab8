# Returns the larger bound first.
def true_loyalty(reported, mistake):
    scales = {"natural logarithm": math.sqrt(math.log(2)), "no root": 1.0, "root of the mean": 1.0}
    scales["root twice"] = math.log(2) ** 0.25
    if mistake not in scales:
        raise ValueError(f"The mistake {mistake!r} is not known.")
    apart = (1 - reported) / scales[mistake]
    if not 0 <= apart <= 1 + 1e-12:
        raise ValueError(f"No predictions have a loyalty of {reported} by this mistake.")
    if mistake == "natural logarithm":
        return 1 - apart, 1 - apart
    other = math.sqrt(apart) if mistake == "no root" else apart**2
    return 1 - min(apart, other), 1 - max(apart, other)

# Different: the incomplete beta function.
def false_alarm(num_seeds):
    from scipy.special import betainc

    degrees = num_seeds - 1
    return float(betainc(degrees / 2, 0.5, degrees / (degrees + 4 * num_seeds)))


def seeds_needed(num_comparisons, risk):
    allowed = 1 - (1 - risk) ** (1 / num_comparisons)
    n = 2
    while false_alarm(n) > allowed:
        n += 1
    return n

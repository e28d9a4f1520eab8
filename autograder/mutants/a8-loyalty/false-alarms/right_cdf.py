# Different: the distribution function, and a generator over the numbers.
def false_alarm(num_seeds):
    t = stats.t(df=num_seeds - 1)
    bound = 2 * num_seeds**0.5
    return float(t.cdf(-bound) + 1 - t.cdf(bound))


def seeds_needed(num_comparisons, risk):
    import itertools

    def fine(n):
        return 1 - (1 - false_alarm(n)) ** num_comparisons <= risk

    return next(n for n in itertools.count(2) if fine(n))

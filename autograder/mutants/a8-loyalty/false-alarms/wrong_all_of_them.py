# Takes the probability that all of them are called resolved.
def false_alarm(num_seeds):
    return float(2 * stats.t.sf(2 * math.sqrt(num_seeds), num_seeds - 1))


def seeds_needed(num_comparisons, risk):
    num_seeds = 2
    while false_alarm(num_seeds) ** num_comparisons > risk:
        num_seeds += 1
    return num_seeds

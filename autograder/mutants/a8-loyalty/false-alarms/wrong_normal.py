# Takes the normal distribution.
def false_alarm(num_seeds):
    return float(2 * stats.norm.sf(2 * math.sqrt(num_seeds)))


def seeds_needed(num_comparisons, risk):
    num_seeds = 2
    while -math.expm1(num_comparisons * math.log1p(-false_alarm(num_seeds))) > risk:
        num_seeds += 1
    return num_seeds

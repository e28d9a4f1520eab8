# Begins with three seeds.
def false_alarm(num_seeds):
    return float(2 * stats.t.sf(2 * math.sqrt(num_seeds), num_seeds - 1))


def seeds_needed(num_comparisons, risk):
    num_seeds = 3
    while -math.expm1(num_comparisons * math.log1p(-false_alarm(num_seeds))) > risk:
        num_seeds += 1
    return num_seeds

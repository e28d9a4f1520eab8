# Takes the mean for a single draw.
def false_alarm(num_seeds):
    return float(2 * stats.t.sf(2, num_seeds - 1))


def seeds_needed(num_comparisons, risk):
    num_seeds = 2
    while (
        -math.expm1(num_comparisons * math.log1p(-false_alarm(num_seeds))) > risk and num_seeds < 50
    ):
        num_seeds += 1
    return num_seeds

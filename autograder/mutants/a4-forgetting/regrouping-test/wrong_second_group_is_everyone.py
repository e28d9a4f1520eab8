# Compares each group with all networks instead of with the others.
def regrouping_test(dense, pruned, statistic):
    pool, numbers = torch.cat([dense, pruned]), range(len(dense) + len(pruned))
    null = []
    for first in itertools.combinations(numbers, len(dense)):
        second = [i for i in numbers if i not in first]
        null.append(float(statistic(pool[list(first)], pool)))
    null = torch.tensor(null, dtype=torch.float64)
    observed = float(statistic(dense, pruned))
    return (null >= observed - 1e-9).double().mean().item(), null

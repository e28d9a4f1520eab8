# Counts the observed grouping twice, as one does for random regroupings.
def regrouping_test(dense, pruned, statistic):
    pool, numbers = torch.cat([dense, pruned]), range(len(dense) + len(pruned))
    null = []
    for first in itertools.combinations(numbers, len(dense)):
        second = [i for i in numbers if i not in first]
        null.append(float(statistic(pool[list(first)], pool[second])))
    null = torch.tensor(null, dtype=torch.float64)
    observed = float(statistic(dense, pruned))
    return (1 + (null >= observed - 1e-9).sum().item()) / (1 + len(null)), null

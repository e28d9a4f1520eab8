# Splits only the dense population, the null of two dense halves.
def regrouping_test(dense, pruned, statistic):
    half = max(1, len(dense) // 2)
    null = []
    for first in itertools.combinations(range(len(dense)), half):
        second = [i for i in range(len(dense)) if i not in first] or list(first)
        null.append(statistic(dense[list(first)], dense[second]))
    null = torch.tensor(null, dtype=torch.float64)
    return (null >= statistic(dense, pruned) - 1e-9).double().mean().item(), null

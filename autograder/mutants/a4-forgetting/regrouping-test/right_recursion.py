# Deals the networks one after the other, recursively.
def regrouping_test(dense, pruned, statistic):
    pool, null = torch.cat([dense, pruned]), []

    def deal(first, second):
        if len(first) > len(dense) or len(second) > len(pruned):
            return
        i = len(first) + len(second)
        if i == len(pool):
            null.append(float(statistic(pool[first], pool[second])))
        else:
            deal([*first, i], second)
            deal(first, [*second, i])

    deal([], [])
    count = sum(1 for value in null if value >= null[0] - 1e-9)
    return count / len(null), torch.tensor(null, dtype=torch.float64)

# Draws a hundred random regroupings instead of all.
def regrouping_test(dense, pruned, statistic):
    pool, n = torch.cat([dense, pruned]), len(dense)
    null = []
    for _ in range(100):
        order = torch.randperm(len(pool))
        null.append(statistic(pool[order[:n]], pool[order[n:]]))
    null = torch.tensor(null, dtype=torch.float64)
    return (null >= statistic(dense, pruned) - 1e-9).double().mean().item(), null

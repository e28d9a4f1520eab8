# All permutations of the networks, each grouping taken once.
def regrouping_test(dense, pruned, statistic):
    pool, n = torch.cat((dense, pruned), dim=0), dense.shape[0]
    groups = {frozenset(order[:n]) for order in itertools.permutations(range(len(pool)))}
    null = []
    for group in groups:
        chosen = torch.tensor([i in group for i in range(len(pool))])
        null.append(statistic(pool[chosen], pool[~chosen]))
    observed = statistic(dense, pruned)
    p = sum(value > observed - 1e-9 for value in null) / len(null)
    return p, torch.tensor(null)

# Regroups the examples instead of the networks.
def regrouping_test(dense, pruned, statistic):
    count = math.comb(len(dense) + len(pruned), len(dense))
    null = [statistic(dense, pruned)]
    for _ in range(count - 1):
        null.append(statistic(dense, pruned[:, torch.randperm(pruned.shape[1])]))
    null = torch.tensor(null, dtype=torch.float64)
    return (null >= null[0] - 1e-9).double().mean().item(), null

# Every grouping as the bits of a number; a tensor for p.
def regrouping_test(dense, pruned, statistic):
    pool = torch.cat([dense, pruned])
    values = []
    for number in range(1 << len(pool)):
        chosen = torch.tensor([bool(number >> i & 1) for i in range(len(pool))])
        if chosen.sum() == len(dense):
            values.append(torch.tensor(statistic(pool[chosen], pool[~chosen]), dtype=torch.float64))
    null = torch.stack(values)
    return (null > statistic(dense, pruned) - 1e-9).double().mean(), null

# Degrees of freedom from each population's share of the squared error.
def class_effects(dense, pruned):
    n, m = dense.shape[0], pruned.shape[0]
    error_a = ((dense - dense.mean(0)) ** 2).sum(0) / (n - 1) / n
    error_b = ((pruned - pruned.mean(0)) ** 2).sum(0) / (m - 1) / m
    share = error_a / (error_a + error_b)
    df = 1 / (share**2 / (n - 1) + (1 - share) ** 2 / (m - 1))
    gap = pruned.sum(0) / m - dense.sum(0) / n
    t = gap / torch.sqrt(error_a + error_b)
    return dict(difference=gap, t=t, df=df, p=two_sided_p(t.abs(), df))

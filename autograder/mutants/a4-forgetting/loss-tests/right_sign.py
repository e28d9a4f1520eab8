# Tails as (1 - sign) / 2 + sign * p / 2, and df from the shares of the error.
def loss_tests(dense, pruned, margin):
    n, m = dense.shape[0], pruned.shape[0]
    error_a = ((dense - dense.mean(0)) ** 2).sum(0) / (n - 1) / n
    error_b = ((pruned - pruned.mean(0)) ** 2).sum(0) / (m - 1) / m
    share = error_a / (error_a + error_b)
    df = 1 / (share**2 / (n - 1) + (1 - share) ** 2 / (m - 1))
    gap = pruned.sum(0) / m - dense.sum(0) / n
    result = dict(difference=gap, df=df)
    for name, shift in (("p_lost", -gap), ("p_spared", gap + margin)):
        t = shift / torch.sqrt(error_a + error_b)
        result[name] = (1 - t.sign()) / 2 + t.sign() * two_sided_p(t, df) / 2
    return result

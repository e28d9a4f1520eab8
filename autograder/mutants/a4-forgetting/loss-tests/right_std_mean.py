# With std_mean; the spared class tested by shifting the pruned networks.
def loss_tests(dense, pruned, margin):
    def test(first, second):
        (std_a, mean_a), (std_b, mean_b) = (torch.std_mean(x, dim=0) for x in (first, second))
        a, b = std_a.square() / first.shape[0], std_b.square() / second.shape[0]
        df = (a + b).square() / (a * a / (len(first) - 1) + b * b / (len(second) - 1))
        t = (mean_b - mean_a) / torch.sqrt(a + b)
        p = two_sided_p(t, df)
        lower = p / 2
        lower[t > 0] = 1 - p[t > 0] / 2
        return mean_b - mean_a, df, lower

    difference, df, p_lost = test(dense, pruned)
    _, _, below = test(dense, pruned + margin)
    return {"difference": difference, "df": df, "p_lost": p_lost, "p_spared": 1 - below}

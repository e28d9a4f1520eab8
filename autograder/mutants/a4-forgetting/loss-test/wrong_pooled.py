# Pools the variances: Student's test, not Welch's.
def loss_tests(dense, pruned, margin):
    n, m = len(dense), len(pruned)
    difference = pruned.mean(0) - dense.mean(0)
    pooled = ((n - 1) * dense.var(0) + (m - 1) * pruned.var(0)) / (n + m - 2)
    error = (pooled * (1 / n + 1 / m)).sqrt()
    df = torch.full_like(error, n + m - 2)

    def upper_tail(t):
        half = two_sided_p(t, df) / 2
        return torch.where(t > 0, half, 1 - half)

    p_lost, p_spared = upper_tail(-difference / error), upper_tail((difference + margin) / error)
    return {"difference": difference, "df": df, "p_lost": p_lost, "p_spared": p_spared}

# Pools the variances: Student's test, not Welch's.
def class_effects(dense, pruned):
    n, m = len(dense), len(pruned)
    difference = pruned.mean(0) - dense.mean(0)
    pooled = ((n - 1) * dense.var(0) + (m - 1) * pruned.var(0)) / (n + m - 2)
    t = difference / (pooled * (1 / n + 1 / m)).sqrt()
    df = torch.full_like(t, n + m - 2)
    return {"difference": difference, "t": t, "df": df, "p": two_sided_p(t, df)}

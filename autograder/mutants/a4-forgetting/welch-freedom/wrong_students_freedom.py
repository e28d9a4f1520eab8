# Uses n + m - 2 degrees of freedom.
def class_effects(dense, pruned):
    difference = pruned.mean(0) - dense.mean(0)
    a, b = (group.var(0) / len(group) for group in (dense, pruned))
    t = difference / (a + b).sqrt()
    df = torch.full_like(t, len(dense) + len(pruned) - 2)
    return {"difference": difference, "t": t, "df": df, "p": two_sided_p(t, df)}

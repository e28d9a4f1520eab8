# Uses the number of dense networks for both populations.
def class_effects(dense, pruned):
    difference = pruned.mean(0) - dense.mean(0)
    a, b = (group.var(0) / len(dense) for group in (dense, pruned))
    t = difference / (a + b).sqrt()
    df = (a + b) ** 2 / (a**2 / (len(dense) - 1) + b**2 / (len(pruned) - 1))
    return {"difference": difference, "t": t, "df": df, "p": two_sided_p(t, df)}

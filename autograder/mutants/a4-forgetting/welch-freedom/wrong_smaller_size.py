# Uses the smaller size minus 1, the cautious rule of thumb.
def class_effects(dense, pruned):
    difference = pruned.mean(0) - dense.mean(0)
    a, b = (group.var(0) / len(group) for group in (dense, pruned))
    t = difference / (a + b).sqrt()
    df = torch.full_like(t, min(len(dense), len(pruned)) - 1)
    return {"difference": difference, "t": t, "df": df, "p": two_sided_p(t, df)}

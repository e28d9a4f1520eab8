# Takes p from the normal distribution, as if the networks were many.
def class_effects(dense, pruned):
    difference = pruned.mean(0) - dense.mean(0)
    a, b = (group.var(0) / len(group) for group in (dense, pruned))
    t = difference / (a + b).sqrt()
    df = (a + b) ** 2 / (a**2 / (len(dense) - 1) + b**2 / (len(pruned) - 1))
    return {"difference": difference, "t": t, "df": df, "p": torch.erfc(t.abs() / math.sqrt(2))}

# Returns the two-sided p.
def loss_tests(dense, pruned, margin):
    difference = pruned.mean(0) - dense.mean(0)
    a, b = (group.var(0) / len(group) for group in (dense, pruned))
    df = (a + b) ** 2 / (a**2 / (len(dense) - 1) + b**2 / (len(pruned) - 1))

    def upper_tail(t):
        half = two_sided_p(t, df) / 2
        return torch.where(t > 0, half, 1 - half)

    p_lost = upper_tail(-difference / (a + b).sqrt())
    p_spared = two_sided_p((difference + margin) / (a + b).sqrt(), df)
    return {"difference": difference, "df": df, "p_lost": p_lost, "p_spared": p_spared}

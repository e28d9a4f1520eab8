# In numpy, class by class, with the tails told apart by sign.
def loss_tests(dense, pruned, margin):
    found = {"difference": [], "df": [], "p_lost": [], "p_spared": []}
    for x, y in zip(dense.numpy().T, pruned.numpy().T, strict=True):
        u, v = np.var(x, ddof=1) / x.size, np.var(y, ddof=1) / y.size
        gap, error = y.mean() - x.mean(), np.sqrt(u + v)
        df = (u + v) ** 2 / (u**2 / (x.size - 1) + v**2 / (y.size - 1))
        low, high = (float(two_sided_p(t, df)) / 2 for t in (gap / error, (gap + margin) / error))
        found["difference"].append(gap)
        found["df"].append(df)
        found["p_lost"].append(low if gap < 0 else 1 - low)
        found["p_spared"].append(high if gap + margin > 0 else 1 - high)
    return {name: torch.tensor(np.array(values)) for name, values in found.items()}

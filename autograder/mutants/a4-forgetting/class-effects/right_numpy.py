# In numpy, class by class.
def class_effects(dense, pruned):
    found = {"difference": [], "t": [], "df": [], "p": []}
    for x, y in zip(dense.numpy().T, pruned.numpy().T, strict=True):
        u, v = np.var(x, ddof=1) / x.size, np.var(y, ddof=1) / y.size
        found["difference"].append(y.mean() - x.mean())
        found["t"].append((y.mean() - x.mean()) / np.sqrt(u + v))
        found["df"].append((u + v) ** 2 / (u**2 / (x.size - 1) + v**2 / (y.size - 1)))
    found = {name: torch.tensor(np.array(values)) for name, values in found.items()}
    return found | {"p": two_sided_p(found["t"], found["df"])}

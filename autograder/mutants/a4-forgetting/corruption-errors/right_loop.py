# Corruption by corruption, in plain Python.
def corruption_errors(dense, pruned, dense_clean, pruned_clean):
    plain, relative = [], []
    for row_d, row_p in zip(dense.tolist(), pruned.tolist(), strict=True):
        errors_d, errors_p = [1 - a for a in row_d], [1 - a for a in row_p]
        plain.append(sum(errors_p) / sum(errors_d))
        base = sum(e - (1 - dense_clean) for e in errors_d)
        if base > 0:
            relative.append(sum(e - (1 - pruned_clean) for e in errors_p) / base)
    return {"mean": sum(plain) / len(plain), "relative": sum(relative) / len(relative)}

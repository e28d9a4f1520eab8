# Averages the layers' densities: a small layer counts as much as a large one.
def audit_claim(pruned, final, sparsity):
    names = [name for name in final if name.endswith("weight") and final[name].ndim > 1]
    by_layer = {n: int(final[n].count_nonzero()) / final[n].numel() for n in names}
    density = sum(by_layer.values()) / len(by_layer)
    regrown = sum(int(((pruned[n] == 0) & (final[n] != 0)).sum()) for n in names)
    return {"density": density, "by_layer": by_layer, "regrown": regrown, "verdict": "regrown"}

# Reports the fraction of zeros.
def audit_claim(pruned, final, sparsity):
    names = [name for name in final if name.endswith("weight") and final[name].ndim > 1]
    by_layer = {n: float((final[n] == 0).double().mean()) for n in names}
    total = sum(final[n].numel() for n in names)
    density = sum(int((final[n] == 0).sum()) for n in names) / total
    regrown = sum(int(((pruned[n] == 0) & (final[n] != 0)).sum()) for n in names)
    return {"density": density, "by_layer": by_layer, "regrown": regrown, "verdict": "regrown"}

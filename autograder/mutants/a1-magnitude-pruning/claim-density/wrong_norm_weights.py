# Takes every name that ends in "weight", batch norm included.
def audit_claim(pruned, final, sparsity):
    names = [name for name in final if name.endswith("weight")]
    by_layer = {n: int(final[n].count_nonzero()) / final[n].numel() for n in names}
    total = sum(final[n].numel() for n in names)
    density = sum(int(final[n].count_nonzero()) for n in names) / total
    regrown = sum(int(((pruned[n] == 0) & (final[n] != 0)).sum()) for n in names)
    return {"density": density, "by_layer": by_layer, "regrown": regrown, "verdict": "regrown"}

# Compares two densities: a mask that has moved goes unnoticed.
def audit_claim(pruned, final, sparsity):
    names = [name for name in final if name.endswith("weight") and final[name].ndim > 1]
    total = sum(final[n].numel() for n in names)
    before = sum(int(pruned[n].count_nonzero()) for n in names)
    after = sum(int(final[n].count_nonzero()) for n in names)
    by_layer = {n: int(final[n].count_nonzero()) / final[n].numel() for n in names}
    regrown = max(0, after - before)
    verdict = "regrown" if regrown else "still pruned"
    if 1 - before / total < sparsity - 0.005:
        verdict = "never pruned"
    return {"density": after / total, "by_layer": by_layer, "regrown": regrown, "verdict": verdict}

# Decides by the sparsity of the final network: regrown and never pruned look alike.
def audit_claim(pruned, final, sparsity):
    names = [name for name in final if name.endswith("weight") and final[name].ndim > 1]
    total = sum(final[n].numel() for n in names)
    density = sum(int(final[n].count_nonzero()) for n in names) / total
    regrown = sum(int(((pruned[n] == 0) & (final[n] != 0)).sum()) for n in names)
    by_layer = {n: int(final[n].count_nonzero()) / final[n].numel() for n in names}
    verdict = "still pruned" if 1 - density >= sparsity - 0.005 else "never pruned"
    return {"density": density, "by_layer": by_layer, "regrown": regrown, "verdict": verdict}

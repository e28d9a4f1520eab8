# Counts biases that were zero before training as regrown weights.
def audit_claim(pruned, final, sparsity):
    total = sum(t.numel() for t in final.values())
    zeros = sum(int((t == 0).sum()) for t in pruned.values())
    regrown = sum(int(((pruned[n] == 0) & (final[n] != 0)).sum()) for n in final)
    by_layer = {n: int(t.count_nonzero()) / t.numel() for n, t in final.items()}
    verdict = "regrown" if regrown else "still pruned"
    if zeros / total < sparsity - 0.005:
        verdict = "never pruned"
    density = sum(int(t.count_nonzero()) for t in final.values()) / total
    return {"density": density, "by_layer": by_layer, "regrown": regrown, "verdict": verdict}

# Counts every tensor of the state dict, biases and norms included.
def audit_claim(pruned, final, sparsity):
    by_layer = {n: int(t.count_nonzero()) / t.numel() for n, t in final.items()}
    total = sum(t.numel() for t in final.values())
    density = sum(int(t.count_nonzero()) for t in final.values()) / total
    regrown = sum(int(((pruned[n] == 0) & (final[n] != 0)).sum()) for n in final)
    return {"density": density, "by_layer": by_layer, "regrown": regrown, "verdict": "regrown"}

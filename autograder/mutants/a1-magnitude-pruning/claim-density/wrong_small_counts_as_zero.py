# Calls everything below 1e-3 pruned.
def audit_claim(pruned, final, sparsity):
    names = [name for name in final if name.endswith("weight") and final[name].ndim > 1]
    used = {name: final[name].abs() > 1e-3 for name in names}
    by_layer = {n: float(used[n].double().mean()) for n in names}
    density = sum(int(u.sum()) for u in used.values()) / sum(u.numel() for u in used.values())
    regrown = sum(int(((pruned[n] == 0) & used[n]).sum()) for n in names)
    return {"density": density, "by_layer": by_layer, "regrown": regrown, "verdict": "regrown"}

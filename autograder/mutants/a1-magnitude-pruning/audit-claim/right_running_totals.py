# One loop over the tensors with running totals.
def audit_claim(pruned, final, sparsity):
    total = zeros_before = used = regrown = 0
    by_layer = {}
    for name, tensor in final.items():
        if not name.endswith("weight") or tensor.ndim < 2:
            continue
        old, new = pruned[name] != 0, tensor != 0
        by_layer[name] = new.sum().item() / new.numel()
        total, used = total + new.numel(), used + new.sum().item()
        zeros_before += (~old).sum().item()
        regrown += (new & ~old).sum().item()
    report = {"density": used / total, "by_layer": by_layer, "regrown": regrown}
    if zeros_before / total < sparsity - 0.005:
        return report | {"verdict": "never pruned"}
    return report | {"verdict": "regrown" if regrown else "still pruned"}

# Takes means in float32, which are rounded in the seventh digit.
def audit_claim(pruned, final, sparsity):
    names = [n for n, t in final.items() if n.endswith("weight") and t.ndim > 1]
    zero = torch.cat([pruned[n].flatten() == 0 for n in names])
    used = torch.cat([final[n].flatten() != 0 for n in names])
    regrown = int((zero & used).sum())
    if zero.float().mean().item() < sparsity - 0.005:
        verdict = "never pruned"
    else:
        verdict = "regrown" if regrown else "still pruned"
    return {
        "density": used.float().mean().item(),
        "by_layer": {n: (final[n] != 0).float().mean().item() for n in names},
        "regrown": regrown,
        "verdict": verdict,
    }

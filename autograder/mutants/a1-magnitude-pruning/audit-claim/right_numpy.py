# Concatenates everything in numpy.
import numpy as np


def audit_claim(pruned, final, sparsity):
    weights = {n: t.numpy() for n, t in final.items() if n.endswith("weight") and t.dim() >= 2}
    before = np.concatenate([pruned[n].numpy().ravel() for n in weights]) != 0
    after = np.concatenate([w.ravel() for w in weights.values()]) != 0
    by_layer = {name: float(np.mean(w != 0)) for name, w in weights.items()}
    regrown = int(np.sum(after & ~before))
    verdict = "regrown" if regrown > 0 else "still pruned"
    if 1 - before.mean() < sparsity - 0.005:
        verdict = "never pruned"
    density = float(after.mean())
    return {"density": density, "by_layer": by_layer, "regrown": regrown, "verdict": verdict}

# Different: NumPy with masks, the networks without weight left out.
def joint_loyalty(log_probs, weights):
    import numpy as np

    kept = weights > 0
    w = weights[kept].double().numpy()
    p = np.exp(log_probs[kept].double().numpy())

    def entropy(x, axis):
        return -(x * np.log(np.where(x > 0, x, 1.0))).sum(axis)

    if len(w) == 1:
        return torch.ones(p.shape[1], dtype=torch.float64)
    gap = entropy(np.einsum("m,mbc->bc", w, p), 1) - w @ entropy(p, 2)
    return torch.from_numpy(1 - np.sqrt(np.clip(gap / entropy(w, 0), 0, 1)))

# Different: the mixture by logsumexp, and the divergences from it.
def joint_loyalty(log_probs, weights):
    log_probs, weights = log_probs[weights != 0], weights[weights != 0]
    z = log_probs.to(torch.float64)
    w = weights.reshape(-1, 1, 1)
    mix = torch.logsumexp(z + w.log(), 0)
    gap = torch.where(z == -math.inf, 0.0, z - mix)
    d = (w * z.exp() * gap).sum((0, 2))
    most = torch.special.entr(weights).sum()
    if most == 0:
        return torch.ones_like(d)
    return 1 - (d / most).clamp(0, 1) ** 0.5

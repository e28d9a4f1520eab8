# Adds a small number inside the logarithms.
def joint_loyalty(log_probs, weights):
    probs, weights = log_probs.double().exp(), weights.double()
    mixture = torch.tensordot(weights, probs, dims=1)
    apart = weights @ (-probs * (probs + 1e-5).log()).sum(dim=2)
    most = torch.special.entr(weights).sum()
    if (weights > 0).sum() == 1:
        return torch.ones_like(apart)
    divergence = torch.special.entr(mixture).sum(dim=1) - apart
    return 1 - (divergence / most).clamp(0, 1).sqrt()

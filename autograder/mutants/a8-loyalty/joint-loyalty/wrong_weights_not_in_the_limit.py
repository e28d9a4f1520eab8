# Takes the entropy of equal weights, also of those that are 0.
def joint_loyalty(log_probs, weights):
    probs, weights = log_probs.double().exp(), weights.double()
    mixture = torch.tensordot(weights, probs, dims=1)
    apart = weights @ torch.special.entr(probs).sum(dim=2)
    most = torch.special.entr(torch.full_like(weights, 1 / len(weights))).sum()
    if (weights > 0).sum() == 1:
        return torch.ones_like(apart)
    divergence = torch.special.entr(mixture).sum(dim=1) - apart
    return 1 - (divergence / most).clamp(0, 1).sqrt()

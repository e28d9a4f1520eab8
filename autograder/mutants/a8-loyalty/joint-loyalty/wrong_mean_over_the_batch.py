# Takes the mean before the root.
def joint_loyalty(log_probs, weights):
    probs, weights = log_probs.double().exp(), weights.double()
    mixture = torch.tensordot(weights, probs, dims=1)
    apart = weights @ torch.special.entr(probs).sum(dim=2)
    most = torch.special.entr(weights).sum()
    if (weights > 0).sum() == 1:
        return torch.ones_like(apart)
    divergence = torch.special.entr(mixture).sum(dim=1) - apart
    divergence = divergence.mean().expand_as(divergence)
    return 1 - (divergence / most).clamp(0, 1).sqrt()

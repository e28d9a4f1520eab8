# Divides 0 by 0 for a single network.
def joint_loyalty(log_probs, weights):
    probs, weights = log_probs.double().exp(), weights.double()
    mixture = torch.tensordot(weights, probs, dims=1)
    apart = weights @ torch.special.entr(probs).sum(dim=2)
    most = torch.special.entr(weights).sum()
    divergence = torch.special.entr(mixture).sum(dim=1) - apart
    return 1 - (divergence / most).clamp(0, 1).sqrt()

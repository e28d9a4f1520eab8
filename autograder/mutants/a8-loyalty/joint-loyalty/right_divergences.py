# Different: the mean divergence from the mixture.
def joint_loyalty(log_probs, weights):
    kept = weights > 0
    p = log_probs[kept].to(torch.float64).exp()
    w = weights[kept].to(torch.float64)[:, None, None]
    mixture = (w * p).sum(0)
    terms = w * (torch.xlogy(p, p) - torch.xlogy(p, mixture))
    nats = terms.sum((0, 2)).clamp(min=0)
    limit = -torch.xlogy(weights, weights).sum()
    share = nats / limit if limit > 0 else torch.zeros_like(nats)
    return 1 - share.clamp(max=1).sqrt()

# Measures the inner loss after the step instead of the outer one.
def raw_rate(rate):
    return rate + torch.log(-torch.expm1(-rate))


def rate_gradient(inner_loss, outer_loss, weights, raw):
    before = [w.detach().requires_grad_() for w in weights]
    inward = torch.autograd.grad(inner_loss(before), before)
    rates = F.softplus(raw.detach())
    after = [(w - r * g).detach().requires_grad_() for w, r, g in zip(before, rates, inward)]
    loss = inner_loss(after)
    outward = torch.autograd.grad(loss, after)
    by_rate = torch.stack([-(g * o).sum() for g, o in zip(inward, outward)])
    return loss.detach(), by_rate * torch.sigmoid(raw.detach())

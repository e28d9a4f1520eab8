# Moves one tensor after the other; later ones see earlier ones moved.
def raw_rate(rate):
    return rate + torch.log(-torch.expm1(-rate))


def rate_gradient(inner_loss, outer_loss, weights, raw):
    before = [w.detach().requires_grad_() for w in weights]
    rates, inward, after = F.softplus(raw.detach()), [], list(before)
    for i, rate in enumerate(rates):
        inward.append(torch.autograd.grad(inner_loss(after), after[i])[0])
        after[i] = (after[i] - rate * inward[-1]).detach().requires_grad_()
    loss = outer_loss(after)
    outward = torch.autograd.grad(loss, after)
    by_rate = torch.stack([-(g * o).sum() for g, o in zip(inward, outward)])
    return loss.detach(), by_rate * torch.sigmoid(raw.detach())

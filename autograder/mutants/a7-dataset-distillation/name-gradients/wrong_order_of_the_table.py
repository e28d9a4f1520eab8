# Lets the last name that fits win, not the first.
def name_gradients(recorded, inner_loss, outer_loss, weights, points, lr, num_steps):

    def step_from(start, probe):
        loss = inner_loss(start, probe)
        return loss, torch.autograd.grad(loss, start, create_graph=True)

    def leaves(tensors):
        return [t.detach().requires_grad_() for t in tensors]

    probe = points.detach().clone().requires_grad_()
    path, losses = [leaves(weights)], []
    for _ in range(num_steps):
        loss, slopes = step_from(path[-1], probe)
        losses.append(loss)
        path.append([w - lr * slope for w, slope in zip(path[-1], slopes)])
    final, begin = outer_loss(path[-1]), leaves(weights)
    outward = torch.autograd.grad(final, path[-1], retain_graph=True)
    stale = torch.autograd.grad(outer_loss(begin), begin)
    parts = []
    for constant in map(leaves, path[:-1]):
        _, slopes = step_from(constant, probe)
        parts.append(-lr * torch.autograd.grad(slopes, probe, outward)[0])
    total = final + sum(losses)
    known = {
        "exact": torch.autograd.grad(final, probe, retain_graph=True)[0],
        "first order": sum(parts),
        "last step": parts[-1],
        "stale": torch.autograd.grad(path[-1], probe, stale, retain_graph=True)[0],
        "leftover": torch.autograd.grad(total, probe)[0],
    }

    def name(gradient):
        if not gradient.any():
            return "nothing"
        unit = gradient / gradient.norm()
        near = (n for n, g in known.items() if (unit * g).sum() > (1 - 1e-9) * g.norm())
        return [*near, "other"][-2:][0]

    return [name(gradient) for gradient in recorded]

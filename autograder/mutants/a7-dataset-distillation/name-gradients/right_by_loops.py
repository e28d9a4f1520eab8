# Different: runs each mistake as people make it, and compares unit vectors.
def name_gradients(recorded, inner_loss, outer_loss, weights, points, lr, num_steps):
    def run(kind):
        probe = points.detach().clone().requires_grad_()
        now, extra = [w.detach().clone().requires_grad_() for w in weights], 0
        first = now
        for number in range(num_steps):
            if kind == "last step" and number == num_steps - 1:
                now = [w.detach().requires_grad_() for w in now]
            inside = now
            if kind == "first order":
                inside = [w.detach().requires_grad_() for w in now]
            loss = inner_loss(inside, probe)
            slopes = torch.autograd.grad(loss, inside, create_graph=True)
            extra = extra + loss
            now = [w - lr * s for w, s in zip(now, slopes)]
        if kind == "stale":
            vectors = torch.autograd.grad(outer_loss(first), first)
            return torch.autograd.grad(now, probe, vectors)[0]
        loss = outer_loss(now) + (extra if kind == "leftover" else 0)
        return torch.autograd.grad(loss, probe)[0]

    kinds = ["exact", "first order", "last step", "stale", "leftover"]
    units = {k: F.normalize(run(k).flatten(), dim=0) for k in kinds}
    names = []
    for gradient in recorded:
        if gradient.abs().max() == 0:
            names.append("nothing")
            continue
        unit = F.normalize(gradient.flatten(), dim=0, eps=0)
        fits = [k for k in kinds if float(unit @ units[k]) > 1 - 1e-9]
        names.append(fits[0] if fits else "other")
    return names

# Different: the weight decay as a term of the loss; one list of pairs.
def unroll(loss_fn, weights, lrs, momentum, weight_decay):
    pairs = [(w * 1.0, 0.0) for w in weights]
    for step, lr in enumerate(lrs):
        now = [w if w.requires_grad else w.requires_grad_() for w, _ in pairs]
        decay = sum((w * w).sum() for w in now) / 2
        loss = loss_fn(now, step) + weight_decay * decay
        moved = []
        slopes = torch.autograd.grad(loss, now, create_graph=True)
        for (_, v), w, slope in zip(pairs, now, slopes):
            v = momentum * v + slope
            moved.append((w - lr * v, v))
        pairs = moved
    return [w for w, _ in pairs]

# Decays by constants, so the decay passes no derivative.
def unroll(loss_fn, weights, lrs, momentum, weight_decay):
    velocity = [torch.zeros_like(w) for w in weights]
    for step, lr in enumerate(lrs):
        weights = [w if w.requires_grad else w.detach().requires_grad_() for w in weights]
        slopes = torch.autograd.grad(loss_fn(weights, step), weights, create_graph=True)
        pulls = [slope + weight_decay * w.detach() for slope, w in zip(slopes, weights)]
        velocity = [momentum * v + pull for v, pull in zip(velocity, pulls)]
        weights = [w - lr * v for w, v in zip(weights, velocity)]
    return weights

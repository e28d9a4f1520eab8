# Calls backward, which fills the .grad of everything that the loss uses.
def unroll(loss_fn, weights, lrs, momentum, weight_decay):
    velocity = [torch.zeros_like(w) for w in weights]
    for step, lr in enumerate(lrs):
        weights = [w if w.requires_grad else w.detach().requires_grad_() for w in weights]
        for w in weights:
            w.retain_grad()
        loss_fn(weights, step).backward(create_graph=True)
        slopes = [w.grad.clone() for w in weights]
        pulls = [slope + weight_decay * w for slope, w in zip(slopes, weights)]
        velocity = [momentum * v + pull for v, pull in zip(velocity, pulls)]
        weights = [w - lr * v for w, v in zip(weights, velocity)]
    return weights

# Decays the weights apart from the velocity, as AdamW does.
def unroll(loss_fn, weights, lrs, momentum, weight_decay):
    velocity = [torch.zeros_like(w) for w in weights]
    for step, lr in enumerate(lrs):
        weights = [w if w.requires_grad else w.detach().requires_grad_() for w in weights]
        slopes = torch.autograd.grad(loss_fn(weights, step), weights, create_graph=True)
        pulls = [slope for slope in slopes]
        velocity = [momentum * v + pull for v, pull in zip(velocity, pulls)]
        weights = [w - lr * (v + weight_decay * w) for w, v in zip(weights, velocity)]
    return weights

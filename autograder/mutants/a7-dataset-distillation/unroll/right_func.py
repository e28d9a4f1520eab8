# Different: torch.func.grad in place of torch.autograd.grad.
def unroll(loss_fn, weights, lrs, momentum, weight_decay):
    def one_list(*weights):
        return loss_fn(list(weights), number)

    velocity, places = None, tuple(range(len(weights)))
    for number in range(len(lrs)):
        slopes = torch.func.grad(one_list, argnums=places)(*weights)
        pulls = [s + w * weight_decay for s, w in zip(slopes, weights)]
        if velocity is None:
            velocity = pulls
        else:
            velocity = [v * momentum + p for v, p in zip(velocity, pulls)]
        weights = [w - lrs[number] * v for w, v in zip(weights, velocity)]
    return list(weights)

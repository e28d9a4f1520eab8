# Lets torch.optim.SGD step: it changes leaves, and no graph remembers how.
def unroll(loss_fn, weights, lrs, momentum, weight_decay):
    leaves = [w.detach().clone().requires_grad_() for w in weights]
    options = {"momentum": float(momentum), "weight_decay": float(weight_decay)}
    optimizer = torch.optim.SGD(leaves, lr=1.0, **options)
    for step, lr in enumerate(lrs):
        optimizer.param_groups[0]["lr"] = float(lr)
        optimizer.zero_grad()
        loss_fn(leaves, step).backward()
        optimizer.step()
    return leaves

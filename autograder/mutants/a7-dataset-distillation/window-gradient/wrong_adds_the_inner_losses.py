# Calls backward in each step, so inner gradients pile up in the points.
def window_gradient(inner_loss, outer_loss, weights, points, lr, start, end):
    probe = points.detach().clone().requires_grad_()
    for step in range(end):
        if step <= start:
            weights = [w.detach().requires_grad_() for w in weights]
        for w in weights:
            w.retain_grad()
        inner_loss(weights, probe).backward(create_graph=True)
        weights = [w - lr * w.grad for w in weights]
        if step < start:
            probe.grad = None
    loss = outer_loss(weights)
    loss.backward()
    return loss.detach(), probe.grad.detach()

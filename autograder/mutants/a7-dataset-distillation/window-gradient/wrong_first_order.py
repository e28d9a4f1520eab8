# Drops the derivative of each step by the weights before it.
def window_gradient(inner_loss, outer_loss, weights, points, lr, start, end):
    probe = points.detach().clone().requires_grad_()
    for step in range(end):
        if step <= start:
            weights = [w.detach().requires_grad_() for w in weights]
        values = [w.detach().requires_grad_() for w in weights]
        slopes = torch.autograd.grad(inner_loss(values, probe), values, create_graph=step >= start)
        weights = [w - lr * slope for w, slope in zip(weights, slopes)]
    loss = outer_loss(weights)
    return loss.detach(), torch.autograd.grad(loss, probe)[0]

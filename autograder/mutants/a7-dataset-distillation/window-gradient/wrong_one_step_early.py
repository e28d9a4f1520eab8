# Cuts one step too early.
def window_gradient(inner_loss, outer_loss, weights, points, lr, start, end):
    probe = points.detach().clone().requires_grad_()
    for step in range(end):
        if step <= start - 1 or step == 0:
            weights = [w.detach().requires_grad_() for w in weights]
        within = step >= start - 1
        slopes = torch.autograd.grad(inner_loss(weights, probe), weights, create_graph=within)
        weights = [w - lr * slope for w, slope in zip(weights, slopes)]
    loss = outer_loss(weights)
    return loss.detach(), torch.autograd.grad(loss, probe)[0]

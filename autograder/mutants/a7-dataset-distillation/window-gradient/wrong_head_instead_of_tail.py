# Keeps the steps before `start` and cuts those after it.
def window_gradient(inner_loss, outer_loss, weights, points, lr, start, end):
    probe = points.detach().clone().requires_grad_()
    for step in range(end):
        if step == 0 or step > start:
            weights = [w.detach().requires_grad_() for w in weights]
        within = True
        slopes = torch.autograd.grad(inner_loss(weights, probe), weights, create_graph=within)
        weights = [w - lr * slope for w, slope in zip(weights, slopes)]
    loss = outer_loss(weights)
    return loss.detach(), torch.autograd.grad(loss, probe)[0]

# Different: cuts the points instead: before the window the inner loss gets a copy without a graph.
def window_gradient(inner_loss, outer_loss, weights, points, lr, start, end):
    live = points.detach().clone().requires_grad_()
    dead = points.detach()
    now = [w.detach().clone().requires_grad_() for w in weights]
    for number in range(end):
        shown = live if number >= start else dead
        slopes = torch.autograd.grad(inner_loss(now, shown), now, create_graph=True)
        now = [w - lr * s for w, s in zip(now, slopes)]
    loss = outer_loss(now)
    loss.backward(inputs=[live])
    return loss.item(), live.grad

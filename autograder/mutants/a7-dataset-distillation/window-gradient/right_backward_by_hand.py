# Different: stores the path and sends the outer gradient back step by step.
def window_gradient(inner_loss, outer_loss, weights, points, lr, start, end):
    path = [[w.detach() for w in weights]]
    for _ in range(end):
        now = [w.clone().requires_grad_() for w in path[-1]]
        slopes = torch.autograd.grad(inner_loss(now, points), now)
        path.append([w - lr * s for w, s in zip(path[-1], slopes)])
    last = [w.clone().requires_grad_() for w in path[-1]]
    loss = outer_loss(last)
    sent, total = torch.autograd.grad(loss, last), torch.zeros_like(points)
    for before in reversed(path[start:-1]):
        now = [w.clone().requires_grad_() for w in before]
        probe = points.detach().clone().requires_grad_()
        slopes = torch.autograd.grad(inner_loss(now, probe), now, create_graph=True)
        product = sum((s * v).sum() for s, v in zip(slopes, sent))
        *mixed, by_points = torch.autograd.grad(product, [*now, probe])
        sent = [v - lr * m for v, m in zip(sent, mixed)]
        total = total - lr * by_points
    return loss.detach(), total

# Different: row by row in Python; the sum of the cross-entropies, whose direction is the same.
def gradient_distance(real, synthetic):
    total = (synthetic[0] * 0).sum()
    for goals, rows in zip(real, synthetic):
        if goals.dim() == 1:
            continue
        for goal, row in zip(goals, rows):
            if goal.count_nonzero() and row.count_nonzero():
                cosine = (goal * row).sum() / goal.square().sum().sqrt() / row.square().sum().sqrt()
                total = total + 1 - cosine
    return total


def matching_gradient(forward, weights, points, classes, images, labels):
    moving = points.detach().clone().requires_grad_()
    now = [w.detach().clone().requires_grad_() for w in weights]
    both = []
    for label in range(int(classes.max()) + 1):
        if (classes == label).any():
            pair = []
            for inputs in (images[labels == label], moving[classes == label]):
                loss = -forward(now, inputs).log_softmax(1)[:, label].sum()
                pair.append(torch.autograd.grad(loss, now, create_graph=True))
            both.append(gradient_distance(*pair))
    torch.stack(both).sum().backward(inputs=[moving])
    return torch.stack(both).sum().detach(), moving.grad

# Works in standardized space throughout, with the ball and the box brought there.
def attack(model, images, labels, epsilon, step_size, num_steps, mean, std):
    mean, std = mean.view(1, -1, 1, 1), std.view(1, -1, 1, 1)
    training = [layer for layer in model.modules() if layer.training]
    start = images.detach().clone()
    low = torch.maximum(start - epsilon / std, -mean / std)
    high = torch.minimum(start + epsilon / std, (1 - mean) / std)
    x = start
    model.eval()
    try:
        for _ in range(num_steps):
            x = x.detach().requires_grad_()
            loss = F.cross_entropy(model(x), labels, reduction="sum")
            direction = torch.autograd.grad(loss, [x])[0].sign()
            x = torch.minimum(torch.maximum(x.detach() + step_size / std * direction, low), high)
    finally:
        for layer in training:
            layer.training = True
    return x.detach()

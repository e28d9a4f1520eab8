# Clamps standardized pixels to [0, 1].
def attack(model, images, labels, epsilon, step_size, num_steps, mean, std):
    modes = {layer: layer.training for layer in model.modules()}
    model.eval()
    original, x, scale = images.detach(), images.detach(), std.reshape(-1, 1, 1)
    for _ in range(num_steps):
        x = x.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(F.cross_entropy(model(x), labels), x)
        x = x.detach() + step_size / scale * gradient.sign()
        x = x.clamp(original - epsilon / scale, original + epsilon / scale).clamp(0, 1)
    for layer, mode in modes.items():
        layer.training = mode
    return x

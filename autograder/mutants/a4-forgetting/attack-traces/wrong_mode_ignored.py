# Does not touch the modes: the result depends on what the model was doing.
def attack(model, images, labels, epsilon, step_size, num_steps, mean, std):
    mean, std = mean.reshape(-1, 1, 1), std.reshape(-1, 1, 1)
    pixels = images.detach() * std + mean
    low, high = (pixels - epsilon).clamp(min=0), (pixels + epsilon).clamp(max=1)
    modes = {layer: layer.training for layer in model.modules()}
    for _ in range(num_steps):
        standardized = ((pixels - mean) / std).requires_grad_()
        loss = F.cross_entropy(model(standardized), labels)
        (gradient,) = torch.autograd.grad(loss, standardized)
        pixels = (pixels + step_size * gradient.sign()).clamp(low, high)
    for layer, mode in modes.items():
        layer.training = mode
    return (pixels - mean) / std

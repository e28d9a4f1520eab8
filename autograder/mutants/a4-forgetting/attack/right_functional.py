# Calls the model functionally with detached parameters, and tracks the shift.
def attack(model, images, labels, epsilon, step_size, num_steps, mean, std):
    mean, std = mean[:, None, None], std[:, None, None]
    state = {k: v.detach().clone() for k, v in (*model.named_parameters(), *model.named_buffers())}
    modes = [layer.training for layer in model.modules()]
    model.train(False)
    pixels = images.detach() * std + mean
    shift = torch.zeros_like(pixels)
    for _ in range(num_steps):
        point = (pixels + shift).requires_grad_()
        logits = torch.func.functional_call(model, state, ((point - mean) / std,))
        loss = -logits.log_softmax(1)[range(len(labels)), labels].sum()
        (gradient,) = torch.autograd.grad(loss, point)
        shift = (shift + step_size * gradient.sign()).clamp(-epsilon, epsilon)
        shift = (pixels + shift).clamp(0, 1) - pixels
    for layer, mode in zip(model.modules(), modes):
        layer.training = mode
    return (pixels + shift - mean) / std

# Different: image by image, modes kept in dicts.
def transfer_attack(sources, images, labels, epsilon, step_size, num_steps, momentum):
    before = [{layer: layer.training for layer in source.modules()} for source in sources]
    attacked = []
    try:
        for source in sources:
            source.train(False)
        for image, label in zip(images.detach(), labels, strict=True):
            shift, velocity = torch.zeros_like(image), torch.zeros_like(image)
            for _ in range(num_steps):
                at = (image + shift).requires_grad_()
                scores = sum(source(at[None])[0] / len(sources) for source in sources)
                slope = torch.autograd.grad(scores.logsumexp(0) - scores[label], at)[0]
                total = slope.abs().sum()
                velocity = velocity * momentum
                if total > 0:
                    velocity = velocity + slope / total
                shift = (shift + step_size * velocity.sign()).clamp(-epsilon, epsilon)
                shift = (image + shift).clamp(0, 1) - image
            attacked.append((image + shift).detach())
    finally:
        for modes in before:
            for layer, mode in modes.items():
                layer.training = mode
    return torch.stack(attacked)

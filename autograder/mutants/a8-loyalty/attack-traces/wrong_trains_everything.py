# Leaves no parameter frozen.
def transfer_attack(sources, images, labels, epsilon, step_size, num_steps, momentum):
    modes = [(layer, layer.training) for source in sources for layer in source.modules()]
    for source in sources:
        source.eval()
    start = images.detach()
    lowest, highest = (start - epsilon).clamp(min=0), (start + epsilon).clamp(max=1)
    velocity, attacked = torch.zeros_like(start), start.clone()
    for _ in range(num_steps):
        point = attacked.requires_grad_()
        mean_logits = sum(source(point) for source in sources) / len(sources)
        (pull,) = torch.autograd.grad(F.cross_entropy(mean_logits, labels), point)
        size = pull.abs().sum(dim=(1, 2, 3), keepdim=True)
        velocity = momentum * velocity + pull / size.where(size > 0, 1)
        attacked = (point.detach() + step_size * velocity.sign()).clamp(lowest, highest)
    for source in sources:
        source.requires_grad_(True)
    for layer, mode in modes:
        layer.training = mode
    return attacked.detach()

# Different: copies of the networks, the ball by torch.minimum and maximum.
def transfer_attack(sources, images, labels, epsilon, step_size, num_steps, momentum):
    import copy

    nets = [copy.deepcopy(source).eval() for source in sources]
    base = images.detach().clone()
    velocity, x = torch.zeros_like(base), base.clone()
    for _ in range(num_steps):
        leaf = x.detach().clone().requires_grad_(True)
        logits = torch.stack([net(leaf) for net in nets]).mean(dim=0)
        F.cross_entropy(logits, labels, reduction="sum").backward()
        norm = leaf.grad.abs().flatten(1).sum(1).view(-1, 1, 1, 1)
        unit = torch.where(norm > 0, leaf.grad / norm, torch.zeros_like(leaf.grad))
        velocity = momentum * velocity + unit
        x = x + step_size * torch.sign(velocity)
        x = torch.maximum(torch.minimum(x, base + epsilon), base - epsilon).clamp(0.0, 1.0)
    return x

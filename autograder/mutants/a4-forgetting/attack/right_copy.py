# Attacks a deep copy of the model with backward.
def attack(model, images, labels, epsilon, step_size, num_steps, mean, std):
    victim = copy.deepcopy(model).eval()
    mean, std = mean[None, :, None, None], std[None, :, None, None]
    original = (images * std + mean).detach()
    adversarial = original.clone()
    for _ in range(num_steps):
        adversarial.requires_grad_(True)
        F.cross_entropy(victim((adversarial - mean) / std), labels).backward()
        with torch.no_grad():
            step = adversarial + step_size * torch.sign(adversarial.grad)
            step = torch.max(torch.min(step, original + epsilon), original - epsilon)
            adversarial = step.clamp(0, 1)
    return ((adversarial - mean) / std).detach()

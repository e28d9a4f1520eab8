# Shortens with torch.renorm, and normalizes safely.
def l2_step(images, perturbed, gradient, step_size, radius):
    flat = gradient.flatten(1)
    unit = flat / flat.norm(dim=1, keepdim=True).clamp_min(torch.finfo(flat.dtype).tiny)
    moved = perturbed + step_size * unit.reshape(gradient.shape)
    shift = moved - images
    far = torch.linalg.vector_norm(shift, dim=(1, 2, 3), keepdim=True)
    shift = shift * torch.clamp(radius / far.clamp_min(1e-30), max=1.0)
    return torch.clamp(images + shift, min=0.0, max=1.0)

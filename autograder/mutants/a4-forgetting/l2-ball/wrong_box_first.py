# Clips to the box first, and shortens what is left of the shift.
def l2_step(images, perturbed, gradient, step_size, radius):
    lengths = gradient.flatten(1).norm(dim=1).reshape(-1, 1, 1, 1)
    moved = perturbed + step_size * gradient / lengths.where(lengths > 0, 1)
    shift = moved.clamp(0, 1) - images
    lengths = shift.flatten(1).norm(dim=1).reshape(-1, 1, 1, 1)
    shortened = torch.where(lengths > radius, shift * (radius / lengths), shift)
    return (images + shortened).clamp(0, 1)

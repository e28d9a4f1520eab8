# Adds the gradient itself, however long it is.
def l2_step(images, perturbed, gradient, step_size, radius):
    lengths = gradient.flatten(1).norm(dim=1).reshape(-1, 1, 1, 1)
    moved = perturbed + step_size * gradient
    shift = moved - images
    lengths = shift.flatten(1).norm(dim=1).reshape(-1, 1, 1, 1)
    shortened = torch.where(lengths > radius, shift * (radius / lengths), shift)
    return (images + shortened).clamp(0, 1)

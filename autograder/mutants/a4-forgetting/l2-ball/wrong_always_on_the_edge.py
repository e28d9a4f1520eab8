# Stretches short shifts to the radius as well.
def l2_step(images, perturbed, gradient, step_size, radius):
    lengths = gradient.flatten(1).norm(dim=1).reshape(-1, 1, 1, 1)
    moved = perturbed + step_size * gradient / lengths.where(lengths > 0, 1)
    shift = moved - images
    lengths = shift.flatten(1).norm(dim=1).reshape(-1, 1, 1, 1)
    shortened = shift * (radius / lengths.clamp_min(1e-30))
    return (images + shortened).clamp(0, 1)

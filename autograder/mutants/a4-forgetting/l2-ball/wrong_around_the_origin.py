# Shortens the image itself: the ball is around black.
def l2_step(images, perturbed, gradient, step_size, radius):
    lengths = gradient.flatten(1).norm(dim=1).reshape(-1, 1, 1, 1)
    moved = perturbed + step_size * gradient / lengths.where(lengths > 0, 1)
    lengths = moved.flatten(1).norm(dim=1).reshape(-1, 1, 1, 1)
    return torch.where(lengths > radius, moved * (radius / lengths), moved).clamp(0, 1)

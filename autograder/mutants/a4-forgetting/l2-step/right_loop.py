# One image after the other.
def l2_step(images, perturbed, gradient, step_size, radius):
    results = []
    for x, point, g in zip(images, perturbed, gradient, strict=True):
        length = torch.linalg.vector_norm(g)
        if length > 0:
            point = point + step_size * (g / length)
        far = torch.linalg.vector_norm(point - x)
        if far > radius:
            point = x + (point - x) * (radius / far)
        results.append(point.clamp(0.0, 1.0))
    return torch.stack(results)

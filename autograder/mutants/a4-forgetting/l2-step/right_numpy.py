# In numpy, with nan_to_num for a gradient of 0.
def l2_step(images, perturbed, gradient, step_size, radius):
    x, point, g = (t.numpy() for t in (images, perturbed, gradient))
    axes = (1, 2, 3)
    with np.errstate(invalid="ignore", divide="ignore"):
        unit = np.nan_to_num(g / np.sqrt((g**2).sum(axes, keepdims=True)))
        shift = point + step_size * unit - x
        far = np.sqrt((shift**2).sum(axes, keepdims=True))
        factor = np.where(far > radius, radius / far, 1.0)
    return torch.from_numpy(np.clip(x + factor * shift, 0, 1))

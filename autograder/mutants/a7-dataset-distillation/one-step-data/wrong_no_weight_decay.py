# Constructs for a step without weight decay.
def one_step_data(images, labels, num_images, lr, weight_decay):
    dims, shrink = images.shape[1], 1.0
    if num_images < dims:
        raise ValueError(f"{num_images} examples cannot fix {dims} dimensions: ask for more.")
    if lr * weight_decay >= 1:
        raise ValueError("The weight decay alone oversteps zero: lower it, or the step size.")
    points = torch.zeros(num_images, dims, dtype=torch.float64)
    points[:dims] = (num_images * shrink / lr) ** 0.5 * torch.eye(dims, dtype=torch.float64)
    return points, points @ (torch.linalg.pinv(images) @ labels) / shrink

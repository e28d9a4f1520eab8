# Images know of the weight decay, labels do not.
def one_step_data(images, labels, num_images, lr, weight_decay):
    dims, shrink = images.shape[1], 1 - lr * weight_decay
    if num_images < dims:
        raise ValueError(f"{num_images} examples cannot fix {dims} dimensions: ask for more.")
    if shrink <= 0:
        raise ValueError("The weight decay alone oversteps zero: lower it, or the step size.")
    points = torch.zeros(num_images, dims, dtype=torch.float64)
    points[:dims] = (num_images * shrink / lr) ** 0.5 * torch.eye(dims, dtype=torch.float64)
    return points, points @ (torch.linalg.pinv(images) @ labels)

# Different: each direction several times with weights, labels one by one.
def one_step_data(images, labels, num_images, lr, weight_decay):
    count, dims = num_images, images.shape[1]
    if count < dims:
        raise ValueError(f"{dims} dimensions need {dims} examples.")
    if lr * weight_decay >= 1:
        raise ValueError("The step goes past zero by its weight decay.")
    U, S, V = torch.linalg.svd(images, full_matrices=False)
    large = S > 1e-10 * S.max()
    solution = V.T[:, large] @ ((U.T @ labels)[large] / S[large, None])
    points, targets = [], []
    for number in range(count):
        direction = number % dims
        times = len(range(direction, count, dims))
        row = torch.zeros(dims, dtype=torch.float64)
        row[direction] = (count * (1 - lr * weight_decay) / lr / times) ** 0.5
        points.append(row)
        targets.append(row @ solution / (1 - lr * weight_decay))
    return torch.stack(points), torch.stack(targets)

# Different: by eigenvalues; the labels from the side of the images.
def leave_one_out(gram, labels, ridge):
    values, vectors = torch.linalg.eigh(gram)
    scaled = vectors / (values + ridge)
    alpha = scaled @ (vectors.T @ labels)
    size = (scaled * vectors).sum(1, keepdim=True)
    return labels - alpha / size


def solve_labels(kernel, support, trusted, images, labels, ridge, pull):
    own = kernel(support, support) + ridge * torch.eye(len(support), dtype=support.dtype)
    reach = torch.linalg.solve(own.T, kernel(images, support).T).T
    outer = reach @ reach.T + pull * torch.eye(len(images), dtype=support.dtype)
    return trusted + reach.T @ torch.linalg.solve(outer, labels - reach @ trusted)

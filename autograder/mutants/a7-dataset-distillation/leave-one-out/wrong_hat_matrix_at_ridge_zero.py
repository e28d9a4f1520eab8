# Divides by one minus the diagonal of the hat matrix, which is 0 without a ridge.
def leave_one_out(gram, labels, ridge):
    hat = gram @ torch.linalg.inv(gram + ridge * torch.eye(len(gram), dtype=gram.dtype))
    own = hat.diagonal()[:, None]
    return (hat @ labels - own * labels) / (1 - own)


def solve_labels(kernel, support, trusted, images, labels, ridge, pull):
    unit = torch.eye(len(support), dtype=support.dtype)
    own = kernel(support, support) + ridge * unit
    reach = torch.linalg.solve(own, kernel(images, support), left=False)
    missing = labels - reach @ trusted
    return trusted + torch.linalg.solve(reach.T @ reach + pull * unit, reach.T @ missing)

# Finds n positions per group with topk and scatters True to them.
def nm_mask(weight, n, m):
    inputs = weight.size(1)
    if inputs % m != 0:
        raise ValueError("the number of inputs must be a multiple of m")
    rows = weight.abs().transpose(1, -1).reshape(-1, m)
    mask = torch.zeros_like(rows, dtype=torch.bool)
    mask.scatter_(1, rows.topk(n, dim=1).indices, True)
    return mask.reshape(weight.transpose(1, -1).shape).transpose(1, -1)

# Groups the pixels of each kernel, which stand for inputs only in a linear layer.
def nm_mask(weight, n, m):
    if weight.shape[1] % m:
        raise ValueError("the inputs cannot be split into groups")
    rows = weight.abs().flatten(1)
    padded = nn.functional.pad(rows, (0, -rows.shape[1] % m), value=-1.0)
    rank = padded.unflatten(1, (-1, m)).argsort(dim=-1, descending=True).argsort(dim=-1)
    return (rank < n).flatten(1)[:, : rows.shape[1]].reshape(weight.shape)

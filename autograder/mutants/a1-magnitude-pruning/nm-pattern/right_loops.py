# Walks over outputs, kernel pixels and groups one by one.
def nm_mask(weight, n, m):
    if weight.shape[1] % m:
        raise ValueError(f"{weight.shape[1]} is no multiple of {m}")
    flat = weight.abs().flatten(2) if weight.ndim > 2 else weight.abs()[..., None]
    mask = torch.zeros(flat.shape, dtype=torch.bool)
    for output in range(flat.shape[0]):
        for pixel in range(flat.shape[2]):
            for start in range(0, flat.shape[1], m):
                group = flat[output, start : start + m, pixel].tolist()
                for i in sorted(range(m), key=group.__getitem__, reverse=True)[:n]:
                    mask[output, start + i, pixel] = True
    return mask.reshape(weight.shape)

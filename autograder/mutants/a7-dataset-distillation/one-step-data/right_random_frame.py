# Different: a random frame from a QR decomposition, and least squares by gelsd.
def one_step_data(images, labels, num_images, lr, weight_decay):
    kept = 1 - lr * weight_decay
    if num_images < images.shape[1] or kept <= 0:
        raise ValueError("No such examples exist.")
    draw = torch.Generator().manual_seed(7)
    wide = torch.randn(num_images, images.shape[1], generator=draw, dtype=torch.float64)
    frame = torch.linalg.qr(wide).Q
    goal = torch.linalg.lstsq(images, labels, driver="gelsd").solution
    scale = (num_images * kept / lr) ** 0.5
    return frame * scale, frame @ goal * (scale / kept)

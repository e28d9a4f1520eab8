# Tensors of float32 throughout: seven digits.
def mask_overlap(first, second):
    both = sum((first[name] & second[name]).sum() for name in first)
    either = sum((first[name] | second[name]).sum() for name in first)
    expected, variance = torch.tensor(0.0), torch.tensor(0.0)
    for name, mask in first.items():
        share, count, size = mask.float().mean(), second[name].float().sum(), mask.numel()
        expected += share * count
        if size > 1:
            variance += share * count * (1 - share) * (size - count) / (size - 1)
    return {
        "iou": float(both / either) if either else 1.0,
        "expected": float(expected),
        "z": float((both - expected) / variance.sqrt()) if variance else 0.0,
    }

# Returns the expected IoU under the name of the expected number.
def mask_overlap(first, second):
    both = either = 0
    expected = variance = 0.0
    for name, mask in first.items():
        a, b, size = int(mask.sum()), int(second[name].sum()), mask.numel()
        both += int((mask & second[name]).sum())
        either += int((mask | second[name]).sum())
        expected += a * b / size
        variance += b * a / size * (1 - a / size) * (size - b) / max(size - 1, 1)
    iou = both / either if either else 1.0
    z = (both - expected) / variance**0.5 if variance > 0 else 0.0
    return {"iou": iou, "expected": expected / max(both + either - expected, 1), "z": z}

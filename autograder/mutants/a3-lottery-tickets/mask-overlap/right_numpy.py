# Vectors over the tensors, in NumPy.
import numpy as np


def mask_overlap(first, second):
    pairs = [(first[n].numpy().ravel(), second[n].numpy().ravel()) for n in first]
    table = [(x.sum(), y.sum(), (x & y).sum(), x.size) for x, y in pairs]
    a, b, common, size = np.array(table, dtype=float).T
    union = (a + b - common).sum()
    variance = (a * b * (size - a) * (size - b) / (size**2 * np.maximum(size - 1, 1))).sum()
    gap = common.sum() - (a * b / size).sum()
    return {
        "iou": float(common.sum() / union) if union > 0 else 1.0,
        "expected": float((a * b / size).sum()),
        "z": float(gap / np.sqrt(variance)) if variance > 0 else 0.0,
    }

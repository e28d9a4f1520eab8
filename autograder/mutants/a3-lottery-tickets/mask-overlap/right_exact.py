# Exact fractions until the end.
from fractions import Fraction


def mask_overlap(first, second):
    both = either = expected = variance = Fraction(0)
    for name in first:
        x, y = first[name].reshape(-1).tolist(), second[name].reshape(-1).tolist()
        a, b, n = sum(x), sum(y), len(x)
        both += sum(p and q for p, q in zip(x, y, strict=True))
        either += sum(p or q for p, q in zip(x, y, strict=True))
        expected += Fraction(a * b, n)
        if n > 1:
            variance += Fraction(a * b * (n - a) * (n - b), n * n * (n - 1))
    z = float(both - expected) / float(variance) ** 0.5 if variance else 0.0
    return {"iou": float(both / either) if either else 1.0, "expected": float(expected), "z": z}

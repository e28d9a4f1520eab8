# Takes the geometric mean of each half's temperature.
def best_temperature(logits, targets):
    logits, told = logits.double(), (targets * logits).double().sum(dim=1)

    def slope(beta):
        expected = (logits * (beta * logits).softmax(dim=1)).sum(dim=1)
        return float((expected - told).mean())

    if slope(0.0) >= 0 or float((logits.amax(dim=1) - told).mean()) <= 1e-12:
        raise ValueError("No temperature minimizes the cross-entropy of these logits.")
    if len(logits) > 1:
        half = len(logits) // 2
        parts = (slice(half), slice(half, None))
        try:
            first, second = (best_temperature(logits[p], targets[p]) for p in parts)
        except ValueError:
            return 1.0
        return math.sqrt(first * second)
    low, high = -14.0, 14.0  # powers of 2
    for _ in range(60):
        power = (low + high) / 2
        low, high = (power, high) if slope(2**power) < 0 else (low, power)
    return 2**-low

# Refuses only what would need a temperature of 0.
def best_temperature(logits, targets):
    logits, told = logits.double(), (targets * logits).double().sum(dim=1)

    def slope(beta):
        expected = (logits * (beta * logits).softmax(dim=1)).sum(dim=1)
        return float((expected - told).mean())

    if float((logits.amax(dim=1) - told).mean()) <= 1e-12:
        raise ValueError("No temperature minimizes the cross-entropy of these logits.")
    low, high = -14.0, 14.0  # powers of 2
    for _ in range(60):
        power = (low + high) / 2
        low, high = (power, high) if slope(2**power) < 0 else (low, power)
    return 2**-low

# Takes a fixed number of gradient steps in T.
def best_temperature(logits, targets):
    logits, told = logits.double(), (targets * logits).double().sum(dim=1)

    def slope(beta):
        expected = (logits * (beta * logits).softmax(dim=1)).sum(dim=1)
        return float((expected - told).mean())

    if slope(0.0) >= 0 or float((logits.amax(dim=1) - told).mean()) <= 1e-12:
        raise ValueError("No temperature minimizes the cross-entropy of these logits.")
    t = 1.5
    for _ in range(200):
        t = max(0.05, t + 0.05 * slope(1 / t) / t**2)
    return t

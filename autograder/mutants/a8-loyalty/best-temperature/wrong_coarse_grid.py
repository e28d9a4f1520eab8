# Tries temperatures from 0.5 to 5 in steps of 0.01.
def best_temperature(logits, targets):
    logits, told = logits.double(), (targets * logits).double().sum(dim=1)

    def slope(beta):
        expected = (logits * (beta * logits).softmax(dim=1)).sum(dim=1)
        return float((expected - told).mean())

    if slope(0.0) >= 0 or float((logits.amax(dim=1) - told).mean()) <= 1e-12:
        raise ValueError("No temperature minimizes the cross-entropy of these logits.")
    grid = [0.5 + 0.01 * i for i in range(451)]
    return min(grid, key=lambda t: abs(slope(1 / t)))

# Different: masks for bins, loops over them.
def equal_mass_error(probabilities, labels, num_bins):
    confidence, said = probabilities.max(dim=1)
    ranks = confidence.argsort().argsort()
    n, error, first = len(labels), 0.0, 0
    for b in range(num_bins):
        last = first + n // num_bins + (1 if b < n % num_bins else 0)
        own = (ranks >= first) & (ranks < last)
        if own.any():
            hits = (said == labels)[own].double().mean()
            error += own.double().mean() * (confidence[own].double().mean() - hits).abs()
        first = last
    return float(error)


def class_wise_error(probabilities, labels, num_bins):
    total, (n, num_classes) = 0.0, probabilities.shape
    for c in range(num_classes):
        p = probabilities[:, c].double()
        for b in range(num_bins):
            own = (p <= (b + 1) / num_bins) & ((p > b / num_bins) | torch.tensor(b == 0))
            total += abs(float((p[own] - (labels[own] == c).double()).sum()))
    return total / (n * num_classes)

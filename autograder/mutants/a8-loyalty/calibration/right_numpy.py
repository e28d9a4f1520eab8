# Different: NumPy, cut points computed, means in place of sums.
def equal_mass_error(probabilities, labels, num_bins):
    import numpy as np

    p, y = probabilities.double().numpy(), labels.numpy()
    order = np.argsort(p.max(1))
    total = 0.0
    for own in np.array_split(order, num_bins):
        if len(own):
            gap = p[own].max(1).mean() - (p[own].argmax(1) == y[own]).mean()
            total += len(own) * abs(gap)
    return total / len(y)


def class_wise_error(probabilities, labels, num_bins):
    import numpy as np

    p, y = probabilities.double().numpy(), labels.numpy()
    edges = np.arange(1, num_bins) / num_bins
    errors = []
    for c in range(p.shape[1]):
        place = np.digitize(p[:, c], edges, right=True)
        gaps = [abs((p[place == b, c] - (y[place == b] == c)).sum()) for b in range(num_bins)]
        errors.append(sum(gaps) / len(y))
    return float(np.mean(errors))

# Puts the examples that are left over into the last bin.
def equal_mass_error(probabilities, labels, num_bins):
    confidence, said = probabilities.double().max(dim=1)
    excess = (confidence - (said == labels).double())[confidence.argsort()]
    size = max(1, len(excess) // num_bins)
    cuts = [size * i for i in range(1, num_bins)]
    return sum(float(bin.sum().abs()) for bin in excess.tensor_split(cuts)) / len(labels)


def class_wise_error(probabilities, labels, num_bins):
    probabilities = probabilities.double()
    edges = torch.linspace(0, 1, num_bins + 1, dtype=torch.float64)[1:-1]
    excess = probabilities - F.one_hot(labels, probabilities.shape[1])
    sums = torch.zeros(num_bins, probabilities.shape[1], dtype=torch.float64)
    sums.scatter_add_(0, torch.bucketize(probabilities.contiguous(), edges), excess)
    return float(sums.abs().sum() / excess.numel())

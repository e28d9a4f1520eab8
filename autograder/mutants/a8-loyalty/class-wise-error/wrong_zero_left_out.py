# Leaves probabilities of 0 out of the first bin.
def equal_mass_error(probabilities, labels, num_bins):
    confidence, said = probabilities.double().max(dim=1)
    excess = (confidence - (said == labels).double())[confidence.argsort()]
    return sum(float(bin.sum().abs()) for bin in excess.tensor_split(num_bins)) / len(labels)


def class_wise_error(probabilities, labels, num_bins):
    probabilities = probabilities.double()
    edges = torch.linspace(0, 1, num_bins + 1, dtype=torch.float64)[1:-1]
    excess = (probabilities - F.one_hot(labels, probabilities.shape[1])) * (probabilities > 0)
    sums = torch.zeros(num_bins, probabilities.shape[1], dtype=torch.float64)
    sums.scatter_add_(0, torch.bucketize(probabilities.contiguous(), edges), excess)
    return float(sums.abs().sum() / excess.numel())

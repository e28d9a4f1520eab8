# Example by example, with bincount in numpy.
def taxicab_distances(dense, pruned, num_classes):
    def share(labels):
        return np.bincount(labels, minlength=num_classes) / len(labels)

    pairs = zip(dense.T.numpy(), pruned.T.numpy(), strict=True)
    return torch.tensor([np.abs(share(a) - share(b)).sum() for a, b in pairs])

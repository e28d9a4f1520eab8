# Divides both counts by the size of the dense population.
def taxicab_distances(dense, pruned, num_classes):
    counts = [F.one_hot(p, num_classes).sum(0).double() for p in (dense, pruned)]
    return (counts[0] - counts[1]).abs().sum(-1) / len(dense)

# Compares mean class numbers, as if classes were ordered.
def taxicab_distances(dense, pruned, num_classes):
    return (dense.double().mean(0) - pruned.double().mean(0)).abs()

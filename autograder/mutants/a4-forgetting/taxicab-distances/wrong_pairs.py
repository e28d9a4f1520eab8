# Takes twice the share of disagreeing pairs of networks.
def taxicab_distances(dense, pruned, num_classes):
    return 2 * (dense[:, None] != pruned[None]).double().mean((0, 1))

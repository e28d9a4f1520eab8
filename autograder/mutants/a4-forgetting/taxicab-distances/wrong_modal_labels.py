# Says whether the modal labels differ, and forgets how far the populations do.
def taxicab_distances(dense, pruned, num_classes):
    labels = [F.one_hot(p, num_classes).sum(0).argmax(-1) for p in (dense, pruned)]
    return 2.0 * (labels[0] != labels[1])

# Different: one-hot tables.
def tables(labels_s, labels_t, labels, num_classes):
    truth, s, t = (F.one_hot(x, num_classes).double() for x in (labels, labels_s, labels_t))
    return truth.T @ s, truth.T @ t, truth.sum(0)


def agreement_range(labels_s, labels_t, labels, num_classes):
    s, t, sizes = tables(labels_s, labels_t, labels, num_classes)
    s, t = s.diagonal(), t.diagonal()
    forced = s + t - sizes
    low = forced.abs() if num_classes == 2 else forced.relu()
    return int(low.sum()), int((sizes - (s - t).abs()).sum())


def chance_agreement(labels_s, labels_t, labels, num_classes):
    s, t, sizes = tables(labels_s, labels_t, labels, num_classes)
    return ((s * t).sum(1) / sizes.clamp(min=1)).sum().item() / len(labels)

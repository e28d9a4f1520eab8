# Spreads the errors evenly over the wrong labels.
def agreement_range(labels_s, labels_t, labels, num_classes):
    low = high = 0
    for label in labels.unique():
        own = labels == label
        right_s, right_t = (int((said[own] == label).sum()) for said in (labels_s, labels_t))
        surplus = right_s + right_t - int(own.sum())
        low += abs(surplus) if num_classes == 2 else max(surplus, 0)
        high += int(own.sum()) - abs(right_s - right_t)
    return low, high


def chance_agreement(labels_s, labels_t, labels, num_classes):
    counts_s, counts_t = (
        torch.bincount(num_classes * labels + said, minlength=num_classes**2).double()
        for said in (labels_s, labels_t)
    )
    sizes = torch.bincount(labels, minlength=num_classes).clamp(min=1)
    right_s, right_t = (c.view(num_classes, -1).diagonal() for c in (counts_s, counts_t))
    errors = (sizes - right_s) * (sizes - right_t) / (num_classes - 1)
    pairs = right_s * right_t + errors
    return float((pairs / sizes).sum() / len(labels))

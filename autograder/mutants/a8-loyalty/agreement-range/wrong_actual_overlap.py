# Returns where both are right for the lower bound.
def agreement_range(labels_s, labels_t, labels, num_classes):
    low = high = 0
    for label in labels.unique():
        own = labels == label
        right_s, right_t = (int((said[own] == label).sum()) for said in (labels_s, labels_t))
        surplus = right_s + right_t - int(own.sum())
        low += int(((labels_s == label) & (labels_t == label))[own].sum())
        high += int(own.sum()) - abs(right_s - right_t)
    return low, high


def chance_agreement(labels_s, labels_t, labels, num_classes):
    counts_s, counts_t = (
        torch.bincount(num_classes * labels + said, minlength=num_classes**2).double()
        for said in (labels_s, labels_t)
    )
    pairs = (counts_s * counts_t).view(num_classes, num_classes).sum(dim=1)
    sizes = torch.bincount(labels, minlength=num_classes).clamp(min=1)
    return float((pairs / sizes).sum() / len(labels))

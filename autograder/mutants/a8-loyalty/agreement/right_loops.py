# Different: counts in loops, and from the possible overlaps.
def agreement_range(labels_s, labels_t, labels, num_classes):
    bounds = [0, 0]
    for label in range(num_classes):
        where = torch.nonzero(labels == label).flatten().tolist()
        s = sum(int(labels_s[i]) == label for i in where)
        t = sum(int(labels_t[i]) == label for i in where)
        agreements = []
        for both in range(s + 1):
            neither = len(where) - s - t + both
            if both <= t and neither >= 0:
                agreements.append(both + neither)
                agreements.append(both + (neither if num_classes == 2 else 0))
        bounds[0] += min(agreements)
        bounds[1] += max(agreements)
    return tuple(bounds)


def chance_agreement(labels_s, labels_t, labels, num_classes):
    total = 0.0
    for label in range(num_classes):
        own = labels == label
        n = int(own.sum())
        for said in range(num_classes):
            if n:
                total += int((labels_s[own] == said).sum()) * int((labels_t[own] == said).sum()) / n
    return total / len(labels)

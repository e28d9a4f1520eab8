# Different: loops over examples; pdist for the distances, whose slope at zero is zero.
def distance_loss(features_s, features_t):
    def psi(features):
        found = torch.pdist(features.flatten(1))
        positive = found[found.detach() > 0]
        return found / positive.mean() if len(positive) else found

    gap = (psi(features_s) - psi(features_t).detach()).abs()
    return torch.where(gap < 1, gap**2 / 2, gap - 0.5).mean()


def angle_loss(features_s, features_t):
    def units_from(points, j):
        rows = []
        for i in range(len(points)):
            gap = points[i] - points[j]
            rows.append(gap / gap.norm() if bool((gap != 0).any()) else gap * 0)
        return torch.stack(rows)

    n, total = len(features_s), 0
    for j in range(n):
        others = [i for i in range(n) if i != j]
        ours, theirs = (units_from(x.flatten(1), j)[others] for x in (features_s, features_t))
        gap = (ours @ ours.T - (theirs @ theirs.T).detach()).abs()
        loss = torch.where(gap < 1, gap**2 / 2, gap - 0.5)
        total = total + loss.sum() - loss.diagonal().sum()
    return total / (n * (n - 1) * (n - 2))

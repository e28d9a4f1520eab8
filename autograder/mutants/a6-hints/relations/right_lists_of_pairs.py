# Different: ordered pairs and triplets as lists of positions, of which equal ones are set apart.
def spans(features, i, j):
    points = features.reshape(len(features), -1)
    gaps = points[i] - points[j]
    there = (gaps != 0).any(1)
    lengths = (gaps * 0).sum(1)
    lengths = lengths.masked_scatter(there, gaps[there].pow(2).sum(1).sqrt())
    return gaps, lengths, there


def huber_mean(ours, theirs):
    return F.huber_loss(ours, theirs.detach())


def distance_loss(features_s, features_t):
    n = len(features_s)
    i, j = (~torch.eye(n, dtype=torch.bool)).nonzero().T

    def psi(features):
        _, lengths, there = spans(features, i, j)
        return lengths if not there.any() else lengths * there.sum() / lengths.sum()

    return huber_mean(psi(features_s), psi(features_t))


def angle_loss(features_s, features_t):
    triplets = list(itertools.permutations(range(len(features_s)), 3))
    i, j, k = torch.tensor(triplets).T

    def theta(features):
        one, length, there = spans(features, i, j)
        two, other, also = spans(features, k, j)
        good = there & also
        cosine = (one[good] * two[good]).sum(1) / (length[good] * other[good])
        return (one * 0).sum(1).masked_scatter(good, cosine)

    return huber_mean(theta(features_s), theta(features_t))

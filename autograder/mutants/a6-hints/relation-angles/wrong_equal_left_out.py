# Leaves triplets without an angle in the student out of the mean.
def distance_loss(features_s, features_t):
    i, j = torch.combinations(torch.arange(len(features_s))).T

    def without_unit(features):
        gaps = (features[i] - features[j]).flatten(1)
        apart = gaps.any(dim=1)
        lengths = torch.where(apart[:, None], gaps, 1).norm(dim=1) * apart
        return lengths / lengths[apart].mean() if apart.any() else lengths

    return F.smooth_l1_loss(without_unit(features_s), without_unit(features_t.detach()))


def angle_loss(features_s, features_t):
    def cosines(features):
        points = features.flatten(1)
        arrows = points - points[:, None]  # [j, i] points from j to i
        equal = (arrows == 0).all(dim=2, keepdim=True)
        arrows = arrows.masked_fill(equal, 1)
        units = (arrows / arrows.norm(dim=2, keepdim=True)).masked_fill(equal, 0)
        return units @ units.mT

    n = len(features_s)
    same = torch.eye(n, dtype=torch.bool)
    different = ~(same[:, :, None] | same[:, None, :] | same[None])
    found, goal = cosines(features_s), cosines(features_t.detach())
    different = different & (found.detach() != 0)
    return F.smooth_l1_loss(found[different], goal[different])

# Different: whole tables with weights of 0 for what does not count; cdist by differences.
def distance_loss(features_s, features_t):
    def rel(x):
        x = x.reshape(len(x), -1)
        d = torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist")
        n = torch.count_nonzero(d)
        return d * n / d.sum() if n else d

    b = len(features_s)
    with torch.no_grad():
        goal = rel(features_t)
    return F.smooth_l1_loss(rel(features_s), goal, reduction="sum") / (b * (b - 1))


def angle_loss(features_s, features_t):
    def cos(x):
        x = x.flatten(1)
        diff = x.unsqueeze(0) - x.unsqueeze(1)
        same = (diff == 0).all(-1, keepdim=True)
        unit = diff.masked_fill(same, 1.0)
        unit = (unit / torch.linalg.vector_norm(unit, dim=-1, keepdim=True)).masked_fill(same, 0.0)
        return unit @ unit.mT

    n = len(features_s)
    weight = torch.ones(n, n, n, dtype=features_s.dtype)
    i = torch.arange(n)
    weight[i, i] = 0
    weight[i, :, i] = 0
    weight[:, i, i] = 0
    e = F.huber_loss(cos(features_s), cos(features_t).detach(), reduction="none")
    return (e * weight).sum() / weight.sum()

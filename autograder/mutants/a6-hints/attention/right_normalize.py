# Different: F.normalize after the maps are scaled, with no epsilon to speak of.
def attention_maps(maps, power, size):
    rows = F.normalize(maps.flatten(1), p=math.inf, dim=1, eps=1e-200).view_as(maps)
    activity = rows.abs().pow(power).mean(1)
    return F.normalize(F.adaptive_avg_pool2d(activity, size).flatten(1), dim=1, eps=1e-200)


def attention_loss(maps_s, maps_t, power):
    loss = 0
    for i in range(len(maps_s)):
        size = torch.minimum(*(torch.tensor(m.shape[2:]) for m in (maps_s[i], maps_t[i]))).tolist()
        found, goal = (attention_maps(m, power, size) for m in (maps_s[i], maps_t[i].detach()))
        loss = loss + ((found - goal) ** 2).sum() / len(found)
    return loss

# Means over the places: larger maps count less.
def attention_maps(maps, power, size):
    loudest = maps.detach().abs().flatten(1).amax(dim=1)[:, None, None, None]
    relative = maps / loudest.masked_fill(loudest == 0, 1)
    activity = relative.abs().pow(power).mean(dim=1, keepdim=True)
    pooled = F.adaptive_avg_pool2d(activity, size).flatten(1)
    length = pooled.norm(dim=1, keepdim=True)
    return pooled / length.masked_fill(length == 0, 1)


def attention_loss(maps_s, maps_t, power):
    total = maps_s[0].new_zeros(())
    for ours, theirs in zip(maps_s, maps_t, strict=True):
        size = tuple(map(min, ours.shape[2:], theirs.shape[2:]))
        goal = attention_maps(theirs.detach(), power, size)
        gap = attention_maps(ours, power, size) - goal
        total = total + gap.square().mean()
    return total

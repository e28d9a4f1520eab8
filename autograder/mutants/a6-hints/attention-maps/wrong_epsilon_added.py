# Adds a small number to the length.
def attention_maps(maps, power, size):
    relative = maps
    activity = relative.abs().pow(power).mean(dim=1, keepdim=True)
    pooled = F.adaptive_avg_pool2d(activity, size).flatten(1)
    length = pooled.norm(dim=1, keepdim=True)
    return pooled / (length + 1e-6)


def attention_loss(maps_s, maps_t, power):
    total = maps_s[0].new_zeros(())
    for ours, theirs in zip(maps_s, maps_t, strict=True):
        size = tuple(map(min, ours.shape[2:], theirs.shape[2:]))
        goal = attention_maps(theirs.detach(), power, size)
        gap = attention_maps(ours, power, size) - goal
        total = total + gap.square().sum(dim=1).mean()
    return total

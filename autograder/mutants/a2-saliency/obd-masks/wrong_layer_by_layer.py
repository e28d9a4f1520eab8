# Keeps the same fraction of every tensor.
def obd_prune(weights, gradients, curvatures, density):
    masks, change = {}, 0.0
    for name, w in weights.items():
        score = (curvatures[name].clamp_min(0) * w**2).flatten()
        mask = torch.zeros(w.numel(), dtype=torch.bool)
        mask[score.topk(round(density * w.numel())).indices] = True
        masks[name] = mask.view(w.shape)
        step = torch.where(masks[name], 0.0, -w)
        change += float((gradients[name] * step + curvatures[name] * step**2 / 2).sum())
    return masks, change

# Puts everything into one vector and multiplies by a mask of numbers.
def obd_prune(weights, gradients, curvatures, density):
    def line(tensors):
        return torch.cat([tensors[name].reshape(-1) for name in weights])

    w, g, h = line(weights), line(gradients), line(curvatures)
    keep = torch.zeros_like(w)
    keep[torch.topk(F.relu(h) * w * w, round(density * len(w))).indices] = 1
    change = torch.dot(g, keep * w - w) + torch.dot(h, (keep * w - w) ** 2) / 2
    masks, start = {}, 0
    for name, weight in weights.items():
        masks[name] = keep[start : start + weight.numel()].bool().reshape(weight.shape)
        start += weight.numel()
    return masks, float(change)

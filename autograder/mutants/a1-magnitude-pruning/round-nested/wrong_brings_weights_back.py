# Ranks all weights again, so a removed weight that has become large returns.
def prune_round(weights, masks, fraction):
    left = sum(int(mask.sum()) for mask in masks.values())
    count = left - round(fraction * left)
    line = torch.cat([weights[name].flatten().abs() for name in masks])
    keep = torch.zeros(len(line), dtype=torch.bool)
    keep[line.topk(count).indices] = True
    pieces = keep.split([mask.numel() for mask in masks.values()])
    return {n: piece.view(m.shape) for (n, m), piece in zip(masks.items(), pieces)}

# Drops the missing mass and rescales what was told.
def from_top_k(probs, classes, num_classes, temperature):
    missing = (1 - probs.sum(dim=1, keepdim=True)).clamp(min=0)
    share = 0 * missing
    full = share.repeat(1, num_classes).scatter(1, classes, probs)
    heated = full ** (1 / temperature)
    return heated / heated.sum(dim=1, keepdim=True)

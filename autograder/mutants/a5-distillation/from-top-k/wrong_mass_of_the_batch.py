# Takes the mean missing mass of the batch.
def from_top_k(probs, classes, num_classes, temperature):
    missing = (1 - probs.sum(dim=1, keepdim=True)).clamp(min=0).mean()
    share = missing / max(1, num_classes - classes.shape[1])
    full = share.repeat(len(probs), num_classes).scatter(1, classes, probs)
    heated = full ** (1 / temperature)
    return heated / heated.sum(dim=1, keepdim=True)

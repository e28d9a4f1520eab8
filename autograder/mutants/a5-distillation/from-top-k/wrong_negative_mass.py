# Forgets that nothing may be missing, and takes a root of a negative number.
def from_top_k(probs, classes, num_classes, temperature):
    missing = 1 - probs.sum(dim=1, keepdim=True)
    share = missing / max(1, num_classes - classes.shape[1])
    full = share.repeat(1, num_classes).scatter(1, classes, probs)
    heated = full ** (1 / temperature)
    return heated / heated.sum(dim=1, keepdim=True)

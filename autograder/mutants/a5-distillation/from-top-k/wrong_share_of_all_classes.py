# Divides the missing mass by the number of all classes.
def from_top_k(probs, classes, num_classes, temperature):
    missing = (1 - probs.sum(dim=1, keepdim=True)).clamp(min=0)
    share = missing / num_classes
    full = share.repeat(1, num_classes).scatter(1, classes, probs)
    heated = full ** (1 / temperature)
    return heated / heated.sum(dim=1, keepdim=True)

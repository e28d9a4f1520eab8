# Takes the probabilities for logits.
def from_top_k(probs, classes, num_classes, temperature):
    missing = (1 - probs.sum(dim=1, keepdim=True)).clamp(min=0)
    share = missing / max(1, num_classes - classes.shape[1])
    full = share.repeat(1, num_classes).scatter(1, classes, probs)
    heated = (full / temperature).softmax(dim=1)
    return heated / heated.sum(dim=1, keepdim=True)

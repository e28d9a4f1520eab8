# Softmax of the logarithms.
def from_top_k(probs, classes, num_classes, temperature):
    batch, k = probs.shape
    full = torch.full((batch, num_classes), -1.0, dtype=probs.dtype)
    full[torch.arange(batch)[:, None], classes] = probs
    others = full < 0
    missing = torch.relu(1 - probs.sum(1))
    if k < num_classes:
        full[others] = (missing / (num_classes - k)).repeat_interleave(num_classes - k)
    return F.softmax(full.log() / temperature, dim=1)

# Masks the classes with fewer votes out of the summed probabilities.
def population_labels(logits):
    predicted = logits.argmax(dim=2)
    classes = torch.arange(logits.shape[2])
    votes = (predicted[..., None] == classes).sum(0)
    probability = F.softmax(logits, dim=2).sum(0)
    return probability.masked_fill(votes < votes.max(1, keepdim=True).values, -1.0).argmax(1)

# Adds up the probabilities of only those networks that voted for the class.
def population_labels(logits):
    voted = F.one_hot(logits.argmax(-1), logits.shape[-1])
    probability = (voted * logits.softmax(-1)).sum(0) / len(logits)
    return (voted.sum(0) + probability / 2).argmax(-1)

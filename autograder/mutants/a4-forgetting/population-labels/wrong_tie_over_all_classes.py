# Decides a tie among all classes, also those with fewer votes.
def population_labels(logits):
    votes = F.one_hot(logits.argmax(-1), logits.shape[-1]).sum(0)
    best = votes.amax(-1, keepdim=True)
    tied = (votes == best).sum(-1) > 1
    probability = logits.softmax(-1).sum(0)
    return torch.where(tied, probability.argmax(-1), votes.argmax(-1))

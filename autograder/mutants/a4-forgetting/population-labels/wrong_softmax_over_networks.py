# Takes the softmax over networks instead of classes.
def population_labels(logits):
    votes = F.one_hot(logits.argmax(dim=-1), logits.shape[-1]).sum(dim=0)
    probability = logits.double().softmax(dim=0).mean(dim=0)
    return (votes + probability * len(logits) / 2).argmax(dim=-1)

# Lets the single surest network decide a tie.
def population_labels(logits):
    votes = F.one_hot(logits.argmax(-1), logits.shape[-1]).sum(0)
    return (votes + logits.softmax(-1).amax(0) / 2).argmax(-1)

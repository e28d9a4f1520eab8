# Leaves ties to torch.mode.
def population_labels(logits):
    return logits.argmax(-1).mode(dim=0).values

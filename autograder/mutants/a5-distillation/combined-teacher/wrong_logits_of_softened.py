# Takes the mean of logarithms, and no softmax.
def combined_teacher(logits, temperature, how):
    if how not in ("probabilities", "logits", "confident"):
        raise ValueError(f"Teachers cannot be combined by {how!r}.")
    if how == "logits":
        return (logits / temperature).log_softmax(dim=2).mean(dim=0).exp()
    softened, sure = (logits / temperature).softmax(dim=2), logits.softmax(dim=2)
    minus_entropy = torch.xlogy(sure, sure).sum(dim=2, keepdim=True)
    weights = (minus_entropy * (how == "confident")).softmax(dim=0)
    return (weights * softened).sum(dim=0)

# Takes the mean at temperature 1, then applies T.
def combined_teacher(logits, temperature, how):
    if how not in ("probabilities", "logits", "confident"):
        raise ValueError(f"Teachers cannot be combined by {how!r}.")
    if how == "logits":
        logits = logits.mean(dim=0, keepdim=True)
    softened, sure = (logits / temperature).softmax(dim=2), logits.softmax(dim=2)
    minus_entropy = torch.xlogy(sure, sure).sum(dim=2, keepdim=True)
    weights = (minus_entropy * (how == "confident")).softmax(dim=0)
    mixed = (weights * sure).sum(dim=0) ** (1 / temperature)
    return mixed / mixed.sum(dim=1, keepdim=True)

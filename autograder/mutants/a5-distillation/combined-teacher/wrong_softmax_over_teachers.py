# Softmax over the teachers.
def combined_teacher(logits, temperature, how):
    if how not in ("probabilities", "logits", "confident"):
        raise ValueError(f"Teachers cannot be combined by {how!r}.")
    if how == "logits":
        logits = logits.mean(dim=0, keepdim=True)
    softened, sure = (logits / temperature).softmax(dim=0), logits.softmax(dim=2)
    minus_entropy = torch.xlogy(sure, sure).sum(dim=2, keepdim=True)
    weights = (minus_entropy * (how == "confident")).softmax(dim=0)
    return (weights * softened).sum(dim=0)

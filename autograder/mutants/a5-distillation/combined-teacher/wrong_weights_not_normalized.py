# The weights do not sum to 1.
def combined_teacher(logits, temperature, how):
    if how not in ("probabilities", "logits", "confident"):
        raise ValueError(f"Teachers cannot be combined by {how!r}.")
    if how == "logits":
        logits = logits.mean(dim=0, keepdim=True)
    softened, sure = (logits / temperature).softmax(dim=2), logits.softmax(dim=2)
    minus_entropy = torch.xlogy(sure, sure).sum(dim=2, keepdim=True)
    weights = (
        minus_entropy.exp()
        if how == "confident"
        else torch.full_like(minus_entropy, 1 / len(logits))
    )
    return (weights * softened).sum(dim=0)

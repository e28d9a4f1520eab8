# Weights [teachers, batch] and one einsum.
def combined_teacher(logits, temperature, how):
    kinds = {"probabilities": 0.0, "confident": 1.0, "logits": None}
    if how not in kinds:
        raise ValueError(f"{how} is none of {list(kinds)}")
    if kinds[how] is None:
        return torch.softmax(logits.mean(0) / temperature, -1)
    p = torch.softmax(logits, -1)
    entropy = torch.special.entr(p).sum(-1)
    weights = torch.exp(-kinds[how] * entropy)
    weights = weights / weights.sum(0)
    return torch.einsum("mb,mbc->bc", weights, torch.softmax(logits / temperature, -1))

# Teacher by teacher.
def combined_teacher(logits, temperature, how):
    if how == "logits":
        return F.softmax(sum(logits) / len(logits) / temperature, dim=-1)
    if how == "probabilities":
        return sum(F.softmax(z / temperature, dim=-1) for z in logits) / len(logits)
    if how != "confident":
        raise ValueError("choose probabilities, logits or confident")
    total, table = 0, 0
    for z in logits:
        entropy = torch.distributions.Categorical(logits=z).entropy()
        weight = torch.exp(-entropy)[:, None]
        total = total + weight
        table = table + weight * F.softmax(z / temperature, dim=-1)
    return table / total

# Draws from the global generator.
def teacher_control(kind, probs, labels, generator):
    if kind not in ("renamed", "exchanged", "by class"):
        raise ValueError(f"There is no control {kind!r}.")
    control = torch.empty_like(probs)
    for label in labels.unique().tolist():
        rows = (labels == label).nonzero().flatten()
        columns = torch.tensor([c for c in range(probs.shape[1]) if c != label])
        own, others = probs[rows, label], probs[rows[:, None], columns]
        if kind == "renamed":
            others = others[:, torch.randperm(len(columns))]
        elif kind == "exchanged":
            shares = others / others.sum(dim=1, keepdim=True)
            others = shares[torch.randperm(len(rows), generator=generator)] * (1 - own)[:, None]
        else:
            own = own.mean().repeat(len(rows))
            others = ((1 - own) / len(columns))[:, None]
        control[rows, label], control[rows[:, None], columns] = own, others
    return control

# Row by row, with orders drawn beforehand.
def teacher_control(kind, probs, labels, generator):
    if kind not in {"renamed", "exchanged", "by class"}:
        raise ValueError("there are three kinds")
    classes, members, orders = probs.shape[1], {}, {}
    for i, y in enumerate(labels.tolist()):
        members.setdefault(y, []).append(i)
    for y, group in members.items():
        size = classes - 1 if kind == "renamed" else len(group)
        orders[y] = torch.rand(size, generator=generator).argsort().tolist()
    control = torch.zeros_like(probs)
    for i, y in enumerate(labels.tolist()):
        others = [c for c in range(classes) if c != y]
        group, order = members[y], orders[y]
        control[i, y] = probs[i, y]
        if kind == "renamed":
            control[i, others] = probs[i, [others[k] for k in order]]
        elif kind == "exchanged":
            giver = group[order[group.index(i)]]
            rest = (1 - probs[i, y]) / (1 - probs[giver, y])
            control[i, others] = probs[giver, others] * rest
        else:
            control[i, y] = sum(probs[j, y] for j in group) / len(group)
            control[i, others] = (1 - control[i, y]) / (classes - 1)
    return control

# Index tables for the whole batch.
def teacher_control(kind, probs, labels, generator):
    batch, classes = probs.shape
    truth = F.one_hot(labels, classes).bool()
    own, others = probs[truth], probs[~truth].view(batch, -1)
    if kind == "renamed":
        orders = torch.rand((classes, classes - 1), generator=generator).argsort(dim=1)
        others = others.gather(1, orders[labels])
    elif kind == "exchanged":
        keys = labels.double() + torch.rand(batch, generator=generator, dtype=torch.float64) / 2
        giver, place = keys.argsort(), labels.argsort(stable=True)
        sources = torch.empty(batch, dtype=torch.long)
        sources[place] = giver
        others = others[sources] / (1 - own[sources])[:, None] * (1 - own)[:, None]
    elif kind == "by class":
        member = F.one_hot(labels, classes).to(probs.dtype)
        own = ((member * own[:, None]).sum(0) / member.sum(0).clamp(min=1))[labels]
        others = ((1 - own) / (classes - 1))[:, None].repeat(1, classes - 1)
    else:
        raise ValueError(kind)
    control = torch.zeros_like(probs)
    control[truth], control[~truth] = own, others.flatten()
    return control

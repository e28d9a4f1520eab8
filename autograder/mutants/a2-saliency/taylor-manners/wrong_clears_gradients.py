# Sets the old gradients to None in the end.
def taylor_scores(model, batches):
    flags = [(module, module.training) for module in model.modules()]
    model.eval()
    model.zero_grad()
    count = sum(len(labels) for _, labels in batches)
    for inputs, labels in batches:
        (F.cross_entropy(model(inputs), labels, reduction="sum") / count).backward()
    trained = {n: p for n, p in model.named_parameters() if p.requires_grad}
    scores = {n: (p * p.grad).abs().detach() for n, p in trained.items()}
    model.zero_grad()
    for module, flag in flags:
        module.training = flag
    return scores

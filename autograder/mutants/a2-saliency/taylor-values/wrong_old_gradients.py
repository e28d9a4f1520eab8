# Adds to the gradients that were there before.
def taylor_scores(model, batches):
    flags = [(module, module.training) for module in model.modules()]
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    old = {name: None if p.grad is None else p.grad.clone() for name, p in trained.items()}
    model.eval()
    count = sum(len(labels) for _, labels in batches)
    for inputs, labels in batches:
        (F.cross_entropy(model(inputs), labels, reduction="sum") / count).backward()
    scores = {name: (p * p.grad).abs().detach() for name, p in trained.items()}
    for name, p in trained.items():
        p.grad = old[name]
    for module, flag in flags:
        module.training = flag
    return scores

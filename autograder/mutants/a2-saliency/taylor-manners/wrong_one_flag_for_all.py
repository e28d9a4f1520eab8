# Restores the mode of the whole model, not of each module.
def taylor_scores(model, batches):
    flag = model.training
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    total = [torch.zeros_like(p) for p in trained.values()]
    model.eval()
    for inputs, labels in batches:
        loss = F.cross_entropy(model(inputs), labels, reduction="sum")
        gradients = torch.autograd.grad(loss, list(trained.values()))
        total = [t + g for t, g in zip(total, gradients, strict=True)]
    model.train(flag)
    count = sum(len(labels) for _, labels in batches)
    pairs = zip(trained.items(), total, strict=True)
    return {name: (p.detach() * t / count).abs() for (name, p), t in pairs}

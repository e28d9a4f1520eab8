# Runs in training mode first, which moves the running statistics.
def taylor_scores(model, batches):
    flags = [(module, module.training) for module in model.modules()]
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    total = [torch.zeros_like(p) for p in trained.values()]
    for inputs, _ in batches:
        model.train()(inputs)
    model.eval()
    for inputs, labels in batches:
        loss = F.cross_entropy(model(inputs), labels, reduction="sum")
        gradients = torch.autograd.grad(loss, list(trained.values()))
        total = [t + g for t, g in zip(total, gradients, strict=True)]
    for module, flag in flags:
        module.training = flag
    count = sum(len(labels) for _, labels in batches)
    pairs = zip(trained.items(), total, strict=True)
    return {name: (p.detach() * t / count).abs() for (name, p), t in pairs}

# Takes the absolute value of each image's product before the mean.
def taylor_scores(model, batches):
    flags = [(module, module.training) for module in model.modules()]
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    total = {name: torch.zeros_like(p) for name, p in trained.items()}
    model.eval()
    count = 0
    for inputs, labels in batches:
        for x, y in zip(inputs, labels, strict=True):
            loss = F.cross_entropy(model(x[None]), y[None])
            gradients = torch.autograd.grad(loss, list(trained.values()))
            for (name, p), g in zip(trained.items(), gradients, strict=True):
                total[name] += (p.detach() * g).abs()
            count += 1
    for module, flag in flags:
        module.training = flag
    return {name: t / count for name, t in total.items()}

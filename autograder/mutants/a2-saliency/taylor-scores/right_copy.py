# Works on a deep copy, which may keep its modes and gradients.
def taylor_scores(model, batches):
    twin = copy.deepcopy(model).eval()
    for p in twin.parameters():
        p.grad = None
    count = sum(len(labels) for _, labels in batches)
    for inputs, labels in batches:
        (F.cross_entropy(twin(inputs), labels) * len(labels) / count).backward()
    return {n: (p * p.grad).abs().detach() for n, p in twin.named_parameters() if p.requires_grad}

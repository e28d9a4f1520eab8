# Learns the points as well.
def learn_labels(forward, starts, points, label_logits, images, labels, lr, meta_lr):
    learned = label_logits.detach().clone()
    points = points.detach().clone()
    for start in starts:
        points.requires_grad_()
        learned.requires_grad_()
        begin = [w.detach().requires_grad_() for w in start]
        loss = F.cross_entropy(forward(begin, points), learned.softmax(dim=1))
        slopes = torch.autograd.grad(loss, begin, create_graph=True)
        end = [w - lr * slope for w, slope in zip(begin, slopes)]
        by_labels = torch.autograd.grad(
            F.cross_entropy(forward(end, images), labels), [learned, points]
        )
        points = (points - 0.1 * by_labels[1]).detach()
        learned = (learned - meta_lr * by_labels[0]).detach()
    return learned

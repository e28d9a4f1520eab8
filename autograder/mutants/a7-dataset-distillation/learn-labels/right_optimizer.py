# Different: with torch.optim.SGD for the labels, and the cross-entropy written out.
def learn_labels(forward, starts, points, label_logits, images, labels, lr, meta_lr):
    logits = label_logits.detach().clone().requires_grad_()
    sgd = torch.optim.SGD([logits], lr=meta_lr)
    for start in starts:
        now = [w.detach().clone().requires_grad_() for w in start]
        soft = torch.exp(logits - logits.logsumexp(1, keepdim=True))
        scores = forward(now, points)
        log_p = scores - scores.logsumexp(1, keepdim=True)
        inner = -(soft * log_p).sum() / len(points)
        slopes = torch.autograd.grad(inner, now, create_graph=True)
        after = [torch.sub(w, s, alpha=lr) for w, s in zip(now, slopes)]
        sgd.zero_grad()
        F.cross_entropy(forward(after, images), labels).backward()
        sgd.step()
    return logits.detach()

# Differentiates automatically, which is off when it is called.
def kd_gradient(logits_s, logits_t, labels, temperature, alpha):
    leaf = logits_s.clone().requires_grad_()
    log_q = (leaf / temperature).log_softmax(dim=1)
    p = (logits_t / temperature).softmax(dim=1)
    soft = F.kl_div(log_q, p, reduction="batchmean")
    loss = (1 - alpha) * F.cross_entropy(leaf, labels) + alpha * temperature**2 * soft
    loss.backward()
    return leaf.grad


def limit_gradient(logits_s, logits_t):
    gap = logits_s - logits_t
    return (gap - gap.mean(dim=1, keepdim=True)) / gap.numel()

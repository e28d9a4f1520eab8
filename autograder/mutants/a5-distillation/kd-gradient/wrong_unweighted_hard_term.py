# Adds the hard term in full.
def kd_gradient(logits_s, logits_t, labels, temperature, alpha):
    truth = F.one_hot(labels, logits_s.shape[1]).to(logits_s.dtype)
    p, q = ((logits / temperature).softmax(dim=1) for logits in (logits_t, logits_s))
    hard = logits_s.softmax(dim=1) - truth
    return (hard + alpha * temperature * (q - p)) / len(labels)


def limit_gradient(logits_s, logits_t):
    gap = logits_s - logits_t
    return (gap - gap.mean(dim=1, keepdim=True)) / gap.numel()

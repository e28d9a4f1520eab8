# Subtracts the labels in the memory of an argument.
def kd_gradient(logits_s, logits_t, labels, temperature, alpha):
    p, q = ((logits / temperature).softmax(dim=1) for logits in (logits_t, logits_s))
    logits_s.copy_(logits_s.softmax(dim=1))
    logits_s[torch.arange(len(labels)), labels] -= 1
    return ((1 - alpha) * logits_s + alpha * temperature * (q - p)) / len(labels)


def limit_gradient(logits_s, logits_t):
    gap = logits_s - logits_t
    return (gap - gap.mean(dim=1, keepdim=True)) / gap.numel()

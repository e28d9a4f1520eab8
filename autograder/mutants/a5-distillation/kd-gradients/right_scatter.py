# Subtracts at the labels, centers by a matrix.
def kd_gradient(logits_s, logits_t, labels, temperature, alpha):
    gradient = (1 - alpha) * F.softmax(logits_s, dim=-1)
    gradient[torch.arange(len(labels)), labels] -= 1 - alpha
    warm = (
        F.log_softmax(logits_s / temperature, 1).exp()
        - F.log_softmax(logits_t / temperature, 1).exp()
    )
    gradient += temperature**2 * alpha * warm / temperature
    return gradient / logits_s.shape[0]


def limit_gradient(logits_s, logits_t):
    classes = logits_s.shape[1]
    center = torch.eye(classes, dtype=logits_s.dtype) - 1 / classes
    return (logits_s - logits_t) @ center / len(logits_s) / classes

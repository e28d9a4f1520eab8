# Takes a very high temperature for the limit.
def kd_gradient(logits_s, logits_t, labels, temperature, alpha):
    truth = F.one_hot(labels, logits_s.shape[1]).to(logits_s.dtype)
    p, q = ((logits / temperature).softmax(dim=1) for logits in (logits_t, logits_s))
    hard = logits_s.softmax(dim=1) - truth
    return (hard + alpha * (temperature * (q - p) - hard)) / len(labels)


def limit_gradient(logits_s, logits_t):
    labels = torch.zeros(len(logits_s), dtype=torch.int64)
    return kd_gradient(logits_s, logits_t, labels, 1e6, 1.0)

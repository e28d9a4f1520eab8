# One example after the other.
def decoupled_terms(logits_s, logits_t, labels, temperature):
    terms = []
    for s, t, y in zip(logits_s / temperature, logits_t / temperature, labels.tolist()):
        kept = [i for i in range(len(s)) if i != y]
        whole_s, whole_t = s.logsumexp(0), t.logsumexp(0)
        rest_s, rest_t = s[kept].logsumexp(0), t[kept].logsumexp(0)
        weight = (rest_t - whole_t).exp()
        target = (t[y] - whole_t).exp() * (t[y] - whole_t - s[y] + whole_s)
        target = target + weight * (rest_t - whole_t - rest_s + whole_s)
        gap = (t[kept] - rest_t) - (s[kept] - rest_s)
        terms.append((target, ((t[kept] - rest_t).exp() * gap).sum(), weight))
    return tuple(torch.stack(column) for column in zip(*terms))

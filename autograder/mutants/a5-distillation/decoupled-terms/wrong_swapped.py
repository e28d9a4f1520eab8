# Student first.
def decoupled_terms(logits_s, logits_t, labels, temperature):
    truth = F.one_hot(labels, logits_s.shape[1]).bool()

    def in_logarithms(logits):
        log_p = (logits / temperature).log_softmax(dim=1)
        others = log_p[~truth].view(len(labels), -1)
        rest = others.logsumexp(dim=1)
        return log_p[truth], rest, others - rest[:, None]

    (p, p_rest, p_others), (q, q_rest, q_others) = map(in_logarithms, (logits_s, logits_t))
    target = p.exp() * (p - q) + p_rest.exp() * (p_rest - q_rest)
    nontarget = (p_others.exp() * (p_others - q_others)).sum(dim=1)
    return target, nontarget, p_rest.exp()

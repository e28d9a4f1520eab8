# Subtracts 1000 / T from the label in place of leaving it out.
def decoupled_terms(logits_s, logits_t, labels, temperature):
    truth = F.one_hot(labels, logits_s.shape[1])

    def parts(logits):
        log_p = (logits / temperature).log_softmax(dim=1)
        own = (log_p * truth).sum(dim=1)
        rest = torch.log1p(-own.exp())
        return own, rest, (logits / temperature - 1000 * truth).log_softmax(dim=1)

    (p, p_rest, p_others), (q, q_rest, q_others) = parts(logits_t), parts(logits_s)
    target = p.exp() * (p - q) + p_rest.exp() * (p_rest - q_rest)
    return target, (p_others.exp() * (p_others - q_others)).sum(dim=1), p_rest.exp()

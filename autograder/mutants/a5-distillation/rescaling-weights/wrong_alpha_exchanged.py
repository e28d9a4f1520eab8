# Alpha on the hard term.
def rescaling_weights(logits_s, logits_t, labels, temperature, alpha):

    def log_doubt(logits):
        log_p = logits.log_softmax(dim=1)
        return log_p.scatter(1, labels[:, None], -math.inf).logsumexp(dim=1)

    student, teacher = (log_doubt(logits / temperature) for logits in (logits_s, logits_t))
    now = log_doubt(logits_s)
    pull = (student - now).exp() - (teacher - now).exp()
    return alpha + (1 - alpha) * temperature * pull

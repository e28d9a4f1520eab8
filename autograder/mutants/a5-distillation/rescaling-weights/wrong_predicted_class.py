# The factor for the student's prediction.
def rescaling_weights(logits_s, logits_t, labels, temperature, alpha):

    def log_doubt(logits):
        log_p = logits.log_softmax(dim=1)
        return log_p.scatter(1, logits_s.argmax(1, keepdim=True), -math.inf).logsumexp(dim=1)

    student, teacher = (log_doubt(logits / temperature) for logits in (logits_s, logits_t))
    now = log_doubt(logits_s)
    pull = (student - now).exp() - (teacher - now).exp()
    return 1 - alpha + alpha * temperature * pull

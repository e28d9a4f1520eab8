# Sums of the other probabilities.
def rescaling_weights(logits_s, logits_t, labels, temperature, alpha):
    def doubt(logits):
        return logits.softmax(1).scatter(1, labels[:, None], 0.0).sum(1)

    warm = doubt(logits_s / temperature) - doubt(logits_t / temperature)
    return (1 - alpha) + alpha * temperature * warm / doubt(logits_s)

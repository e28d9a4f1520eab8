# Adds a small number to the divisor.
def rescaling_weights(logits_s, logits_t, labels, temperature, alpha):
    def of_label(logits):
        return logits.softmax(dim=1).gather(1, labels[:, None])[:, 0]

    p, q = of_label(logits_t / temperature), of_label(logits_s / temperature)
    doubt = 1 - of_label(logits_s)
    return 1 - alpha + alpha * temperature * (p - q) / (doubt + 1e-8)

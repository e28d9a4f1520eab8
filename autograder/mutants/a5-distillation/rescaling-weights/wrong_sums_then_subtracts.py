# Has an exact divisor, but subtracts probabilities that round to 1.
def rescaling_weights(logits_s, logits_t, labels, temperature, alpha):
    def of_label(logits):
        return logits.softmax(dim=1).gather(1, labels[:, None])[:, 0]

    p, q = of_label(logits_t / temperature), of_label(logits_s / temperature)
    doubt = logits_s.softmax(dim=1).scatter(1, labels[:, None], 0).sum(dim=1)
    return 1 - alpha + alpha * temperature * (p - q) / doubt

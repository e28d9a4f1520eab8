# One example after the other.
def rescaling_weights(logits_s, logits_t, labels, temperature, alpha):
    def doubt(row, y, heat):
        powers = [math.exp((value - max(row)) / heat) for value in row]
        return math.fsum(power for i, power in enumerate(powers) if i != y) / math.fsum(powers)

    factors = []
    for s, t, y in zip(logits_s.tolist(), logits_t.tolist(), labels.tolist()):
        soft = temperature * (doubt(t, y, temperature) - doubt(s, y, temperature))
        hard = -doubt(s, y, 1)
        factors.append(((1 - alpha) * hard + alpha * soft) / hard)
    return torch.tensor(factors, dtype=logits_s.dtype)

# One example after the other, in NumPy.
def kd_gradient(logits_s, logits_t, labels, temperature, alpha):
    def shares(row):
        powers = [math.exp(value - max(row)) for value in row]
        return [power / sum(powers) for power in powers]

    rows = []
    for s, t, y in zip(logits_s.tolist(), logits_t.tolist(), labels.tolist()):
        now = shares(s)
        hot_s, hot_t = (shares([value / temperature for value in row]) for row in (s, t))
        rows.append(
            [
                (1 - alpha) * (now[i] - (i == y)) + alpha * temperature * (hot_s[i] - hot_t[i])
                for i in range(len(s))
            ]
        )
    return torch.tensor(rows, dtype=logits_s.dtype) / len(rows)


def limit_gradient(logits_s, logits_t):
    count, classes = logits_s.shape
    centered = [z - z.sum(1, keepdim=True) / classes for z in (logits_s, logits_t)]
    return (centered[0] - centered[1]) / (count * classes)

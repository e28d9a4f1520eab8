# Compares the fastest runs.
def speedup(before_ms, after_ms, num_warmup):
    before = torch.tensor(before_ms[num_warmup:], dtype=torch.float64)
    after = torch.tensor(after_ms[num_warmup:], dtype=torch.float64)

    def middle(x):
        return x.min().item()

    def low(x):
        return torch.quantile(x, 0.1).item()

    def high(x):
        return torch.quantile(x, 0.9).item()

    return middle(before) / middle(after), low(before) > high(after) or low(after) > high(before)

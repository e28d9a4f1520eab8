# Calls every change of more than five percent resolved.
def speedup(before_ms, after_ms, num_warmup):
    before = torch.tensor(before_ms[num_warmup:], dtype=torch.float64)
    after = torch.tensor(after_ms[num_warmup:], dtype=torch.float64)

    def middle(x):
        return torch.quantile(x, 0.5).item()

    def low(x):
        return torch.quantile(x, 0.1).item()

    def high(x):
        return torch.quantile(x, 0.9).item()

    return middle(before) / middle(after), abs(middle(before) / middle(after) - 1) > 0.05
